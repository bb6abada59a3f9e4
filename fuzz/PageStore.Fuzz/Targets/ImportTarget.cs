using System.Buffers;
using System.IO.Pipelines;
using PageStore.Checkpoint;

namespace PageStore.Fuzz;

/// <summary>
/// The import of Xen's save streams and of raw images into a checkpoint file in memory. What can be imported is imported again over
/// itself, which must change nothing.
/// </summary>
internal sealed class ImportTarget : IFuzzTarget
{
    /// <summary>An image is at most 64 KiB, and its pages are stored at most once.</summary>
    private const int MaxFileBytes = 8 << 20;

    public string Name => "import";

    public int MaxLength => 1 << 16;

    public void Run(ReadOnlySpan<byte> input)
    {
        byte[] image = input[..Math.Min(input.Length, MaxLength)].ToArray();
        var storage = new PagedStorage(MaxFileBytes);
        using (CheckpointWriter writer = CheckpointWriter.Create(storage, new CheckpointWriterOptions { SegmentSize = 1 << Layout.MinSegmentShift, Codec = PageCodecs.Lz4 }))
        {
            Import(image, writer);
            FileChecks.Promised("what was imported once is imported again", () => Import(image, writer));
        }

        using CheckpointReader reader = FileChecks.Promised("a file with an import opens", () => CheckpointReader.Open(storage));
        FileChecks.Verify(reader, "a file with an import is in order");
        FileChecks.Promised("a file with an import reads", () => Compare(reader));
    }

    public IEnumerable<(string Name, byte[] Input)> Seeds() => XenSeeds.All();

    public byte[] Mutate(byte[] input, byte[] other, Random random) => XenMutator.Mutate(input, other, random, MaxLength);

    /// <summary>As <see cref="ImageImporter"/>, without its pump, which has a thread of its own.</summary>
    private static EpochInfo Import(byte[] image, CheckpointWriter writer)
    {
        var bytes = new ReadOnlySequence<byte>(image);
        using EpochBuilder epoch = writer.BeginEpoch(new EpochOptions { Parent = writer.Newest, SkipUnchanged = true, PageCount = 0 });
        using var sink = new ImportSink(epoch, writer, null);
        PipeReader reader = PipeReader.Create(bytes);
        if (ImageFormats.Detect(bytes) == ImageFormat.Raw)
        {
            Finish(RawImageReader.ReadAsync(reader, sink));
        }
        else
        {
            Finish(XenStreamReader.ReadAsync(reader, sink));
        }

        sink.RemoveUnmentioned();
        return epoch.Commit();
    }

    private static void Finish<T>(ValueTask<T> task)
    {
        BrokenPromiseException.Unless(task.IsCompleted, "who reads from memory does not wait");
        task.GetAwaiter().GetResult();
    }

    private static bool Compare(CheckpointReader reader)
    {
        Epoch first = reader.OpenEpoch(new EpochId(1));
        Epoch second = reader.OpenEpoch(new EpochId(2));
        using EpochComparison comparison = first.CompareWith(second);
        BrokenPromiseException.Unless(comparison.SameContent && comparison.TypesDiffer == 0, "the same image gives the same guest");
        BrokenPromiseException.Unless(second.Info.PagesWritten == 0 && first.PageCount == second.PageCount, "the same image over itself writes no page");
        BrokenPromiseException.Unless(first.Info.States.SequenceEqual(second.Info.States), "the same image has the same sections");
        return true;
    }
}
