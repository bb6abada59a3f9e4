using System.Buffers;
using System.IO.Pipelines;
using PageStore.Checkpoint;

namespace PageStore.Fuzz;

/// <summary>
/// The import of Xen's save streams, of its dumps and of raw images into a checkpoint file in memory. What can be imported is imported again over
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
        using (CheckpointWriter writer = Create(storage))
        {
            Import(image, writer);
            FileChecks.Promised("what was imported once is imported again", () => Import(image, writer));
        }

        using CheckpointReader reader = FileChecks.Promised("a file with an import opens", () => CheckpointReader.Open(storage));
        FileChecks.Verify(reader, "a file with an import is in order");
        FileChecks.Promised("a file with an import reads", () => Compare(reader));
        FileChecks.Promised("an epoch of a stream is exported and comes back", () => ExportAndImport(reader.OpenNewest()));
    }

    public IEnumerable<(string Name, byte[] Input)> Seeds() => XenSeeds.All();

    public byte[] Mutate(byte[] input, byte[] other, Random random) => XenMutator.Mutate(input, other, random, MaxLength);

    private static CheckpointWriter Create(PagedStorage storage) =>
        CheckpointWriter.Create(storage, new CheckpointWriterOptions { SegmentSize = 1 << Layout.MinSegmentShift, Codec = PageCodecs.Lz4 });

    /// <summary>As <see cref="ImageImporter"/>, without its pump, which has a thread of its own.</summary>
    private static EpochInfo Import(byte[] image, CheckpointWriter writer)
    {
        var bytes = new ReadOnlySequence<byte>(image);
        ImageFormat format = ImageFormats.Detect(bytes);
        var options = new ImportOptions();
        using var sink = new ImportSink(writer, format, options, null, CancellationToken.None);
        Finish(format == ImageFormat.DumpCore
            ? ImageImporter.ReadDumpAsync(new DumpCoreInput(new MemoryStream(image)), sink, writer, options, CancellationToken.None).AsTask()
            : ImageImporter.ReadAsync(format, PipeReader.Create(bytes), sink, writer, options, CancellationToken.None).AsTask());
        return sink.Last!;
    }

    private static void Finish(Task task)
    {
        BrokenPromiseException.Unless(task.IsCompleted, "who reads from memory does not wait");
        task.GetAwaiter().GetResult();
    }

    /// <summary>The last epochs of the two imports; of an image without checkpoints there is one of each.</summary>
    private static bool Compare(CheckpointReader reader)
    {
        List<EpochInfo> epochs = [.. reader.Epochs()];
        Epoch first = reader.OpenEpoch(epochs[(epochs.Count / 2) - 1].Id);
        Epoch second = reader.OpenEpoch(epochs[^1].Id);
        AssertSame(first, second);
        BrokenPromiseException.Unless(epochs.Count != 2 || second.Info.PagesWritten == 0, "the same image over itself writes no page");
        return true;
    }

    private static bool ExportAndImport(Epoch epoch)
    {
        if (!epoch.Info.States.Any(state => state.Name == XenSections.LibxcState))
        {
            // A raw image, or a stream without a page.
            return true;
        }

        var stream = new MemoryStream();
        var options = new XenExportOptions { Format = FormatOf(epoch), AllowUnrestorable = true };
        XenExporter.ToPipeAsync(epoch, PipeWriter.Create(stream), options).GetAwaiter().GetResult();
        var storage = new PagedStorage(MaxFileBytes);
        using (CheckpointWriter writer = Create(storage))
        {
            Import(stream.ToArray(), writer);
        }

        using CheckpointReader reader = CheckpointReader.Open(storage);
        AssertSame(epoch, reader.OpenNewest());
        return true;
    }

    private static ImageFormat FormatOf(Epoch epoch)
    {
        bool Has(string section) => epoch.Info.States.Any(state => state.Name == section);
        return Has(XenSections.XapiHead) ? ImageFormat.XapiImage
            : Has(XenSections.XlHeader) ? ImageFormat.XlSave
            : Has(XenSections.LibxlHeader) ? ImageFormat.LibxlStream : ImageFormat.LibxcStream;
    }

    private static void AssertSame(Epoch first, Epoch second)
    {
        using EpochComparison comparison = first.CompareWith(second);
        BrokenPromiseException.Unless(comparison.SameContent && comparison.TypesDiffer == 0, "the same image gives the same guest");
        BrokenPromiseException.Unless(first.PageCount == second.PageCount, "the same image gives as many pages");
        BrokenPromiseException.Unless(first.Info.States.SequenceEqual(second.Info.States), "the same image has the same sections");
    }
}
