using PageStore.Checkpoint;

namespace PageStore.Fuzz;

/// <summary>
/// The repair of damaged files, from a sparse image into a file in memory: what comes out is in order, has all that a reader can read of
/// the image and nothing that it contradicts, and can be pruned.
/// </summary>
internal sealed class RepairTarget : IFuzzTarget
{
    /// <summary>Segments of 64 KiB are looked at one by one, so this bounds the time; images that claim more are cut off here.</summary>
    private const long MaxImageBytes = 64 << 20;

    /// <summary>Bounds time and memory: a few bytes of an image can name one block any number of times.</summary>
    private const int MaxRepairedBytes = 24 << 20;

    private static readonly RepairOptions Options = new()
    {
        // Of images that lost both headers.
        PageSize = PageSizes.Default,
        SegmentSize = 1 << Layout.MinSegmentShift,
        MaxUniformPages = 1 << 14,
        MaxScanBytes = 8 << 20,
    };

    public string Name => "repair";

    public int MaxLength => 1 << 16;

    public void Run(ReadOnlySpan<byte> input)
    {
        SparseImage image = SparseImage.Parse(input);
        image.Length = Math.Min(image.Length, MaxImageBytes);
        var storage = new PagedStorage(MaxRepairedBytes);
        if (Salvage(image, storage) is not { } report)
        {
            return;
        }

        using (CheckpointReader repaired = FileChecks.Promised("a repaired file opens", () => CheckpointReader.Open(storage)))
        {
            BrokenPromiseException.Unless(repaired.EpochCount == report.Epochs && repaired.FileBytes == report.FileBytes, "the report says what the new file has");
            FileChecks.Verify(repaired, "a repaired file is in order");
            FileChecks.Promised("a repaired file reads", () => RepairCheck.Run(new ImageStorage(image), repaired, report));
        }

        Prune(storage);
    }

    public IEnumerable<(string Name, byte[] Input)> Seeds() => CheckpointSeeds.All();

    public byte[] Mutate(byte[] input, byte[] other, Random random) => ImageMutator.Mutate(input, other, random, MaxLength);

    /// <summary>Null where the medium was too small for what the image claims.</summary>
    private static RepairReport? Salvage(SparseImage image, PagedStorage storage)
    {
        try
        {
            return CheckpointRepair.Salvage(new ImageStorage(image), () => storage, Options);
        }
        catch (StorageException) when (storage.IsFull)
        {
            return null;
        }
    }

    /// <summary>Dropping epochs relies on the links between them that the repair wrote: a wrong one takes pages from those that are kept.</summary>
    private static void Prune(PagedStorage storage)
    {
        FileChecks.Promised("a repaired file can be pruned", () =>
        {
            using CheckpointWriter writer = CheckpointWriter.Open(storage, new CheckpointWriterOptions());
            return writer.Prune(new PrunePolicy { KeepEvery = 2 });
        });
        using CheckpointReader pruned = FileChecks.Promised("a pruned file opens", () => CheckpointReader.Open(storage));
        FileChecks.Verify(pruned, "a pruned file is in order");
    }
}
