using System.Buffers;
using System.IO.Pipelines;
using PageStore.Checkpoint;

namespace PageStore.Fuzz;

/// <summary>
/// The importer of Xen's save streams and of raw images. Each stream is read twice, at once and in pieces of odd lengths; both must
/// deliver the same and end alike.
/// </summary>
internal sealed class XenTarget : IFuzzTarget
{
    public string Name => "xen";

    public int MaxLength => 1 << 16;

    public void Run(ReadOnlySpan<byte> input)
    {
        byte[] stream = input.ToArray();
        Outcome whole = Read(PipeReader.Create(new ReadOnlySequence<byte>(stream)), stream.Length);
        Outcome pieces = Read(PipeReader.Create(new OddStream(stream, stream.Length)), stream.Length);
        BrokenPromiseException.Unless(whole == pieces, "a stream reads the same in pieces");
        Detect(stream);
        ReadRaw(stream);
    }

    public IEnumerable<(string Name, byte[] Input)> Seeds() => XenSeeds.All();

    public byte[] Mutate(byte[] input, byte[] other, Random random) => XenMutator.Mutate(input, other, random, MaxLength);

    private static Outcome Read(PipeReader reader, long length)
    {
        var sink = new HashingSink();
        try
        {
            XenStreamSummary summary = Finished(XenStreamReader.ReadAsync(reader, sink));
            BrokenPromiseException.Unless(summary.Bytes == length || (summary.Header.Format == ImageFormat.XapiImage && summary.Bytes < length), "a stream is read to its end");
            BrokenPromiseException.Unless(summary.IsCutOff || (summary.PageEntries == sink.PageEntries && summary.DataPages == sink.DataPages), "the summary counts what was delivered");
            BrokenPromiseException.Unless(summary.Checkpoints == sink.Checkpoints && (summary.Checkpoints > 0 || !summary.IsCutOff), "only a checkpointed stream may be cut off");
            return new Outcome(summary.IsCutOff ? "cut off" : "read", sink.Hash);
        }
        catch (CorruptDataException damage)
        {
            BrokenPromiseException.Unless(damage.Offset is { } offset && offset >= 0 && offset <= length, "damage lies inside the stream");
            return new Outcome(damage.Message, sink.Hash);
        }
        catch (UnsupportedException refusal)
        {
            return new Outcome(refusal.Message, sink.Hash);
        }
        finally
        {
            reader.Complete();
        }
    }

    private static void Detect(byte[] stream)
    {
        try
        {
            ImageFormats.Detect(new ReadOnlySequence<byte>(stream));
        }
        catch (UnsupportedException)
        {
            // A format that is refused by name.
        }
    }

    private static void ReadRaw(byte[] image)
    {
        var sink = new HashingSink();
        sink.OnHeader(new XenStreamHeader(ImageFormat.Raw, 0, XenGuestType.Hvm, 0, 0));
        PipeReader reader = PipeReader.Create(new OddStream(image, 0));
        try
        {
            long pages = Finished(RawImageReader.ReadAsync(reader, sink));
            BrokenPromiseException.Unless(pages * PageSizes.Default == image.Length && sink.DataPages == pages, "a raw image has all of its pages");
        }
        catch (CorruptDataException)
        {
            BrokenPromiseException.Unless(image.Length % PageSizes.Default != 0, "a raw image of whole pages is in order");
        }
        finally
        {
            reader.Complete();
        }
    }

    /// <summary>The pipes here never wait, so neither may their readers.</summary>
    private static T Finished<T>(ValueTask<T> task)
    {
        BrokenPromiseException.Unless(task.IsCompleted, "who reads from memory does not wait");
        return task.GetAwaiter().GetResult();
    }

    private readonly record struct Outcome(string Ending, ulong Delivered);
}
