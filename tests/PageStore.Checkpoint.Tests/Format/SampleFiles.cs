namespace PageStore.Checkpoint.Tests;

/// <summary>Small files with something of everything that version 1 writes; the same bytes each time.</summary>
internal static class SampleFiles
{
    private static readonly History Rich = new()
    {
        Epochs =
        [
            new EpochPlan
            {
                PageCount = 75,
                Label = "first",
                Sections = [300, 0, 4097],
                Steps =
                [
                    new PageStep(0, 3, Filling.Compressible, GuestPageType.Normal, 1),
                    new PageStep(3, 2, Filling.Random, GuestPageType.L4Table, 2),
                    new PageStep(10, 5, Filling.Zero, GuestPageType.Normal, 3),
                    new PageStep(20, 4, Filling.Repeated, GuestPageType.Normal, 4),
                    new PageStep(70, 1, Filling.Compressible, GuestPageType.PinnedL2Table, 5),
                    new PageStep(72, 1, null, GuestPageType.Broken, 6),
                ],
            },
            new EpochPlan
            {
                Parent = 0,
                ReadEvery = 7,
                Steps = [new PageStep(1, 2, Filling.Random, GuestPageType.Normal, 7), new PageStep(20, 1, null, GuestPageType.Absent, 8)],
            },
            new EpochPlan { Parent = 0, PageCount = 64, ReadEvery = 1, Label = "smaller, beside the second", Steps = [new PageStep(5, 1, Filling.Zero, GuestPageType.Normal, 9)] },
        ],
    };

    private static readonly History Tiny = new()
    {
        Epochs =
        [
            new EpochPlan { PageCount = 9, Sections = [20], Label = "a", Steps = [new PageStep(0, 2, Filling.Repeated, GuestPageType.Normal, 1)] },
            new EpochPlan { ReadEvery = 9, Steps = [new PageStep(8, 1, Filling.Zero, GuestPageType.Normal, 2), new PageStep(7, 1, Filling.Compressible, GuestPageType.Normal, 3)] },
        ],
    };

    /// <summary>Three epochs, two branches, all page classes, sections, a read set.</summary>
    public static (byte[] File, IReadOnlyList<ModelEpoch> Epochs) WriteRich(bool lz4, bool encrypted = false)
    {
        History packed = Rich with { Lz4 = true, Epochs = [Rich.Epochs[0] with { Sections = [300, 65_600] }, .. Rich.Epochs.Skip(1)] };
        return Write((lz4 ? packed : Rich) with { Encrypted = encrypted });
    }

    /// <summary>The same with resume packs, one of which has replaced another.</summary>
    public static (byte[] File, IReadOnlyList<ModelEpoch> Epochs) WritePacked() =>
        Write(Rich with { Lz4 = true, Epochs = [Rich.Epochs[0] with { Pack = 2 }, Rich.Epochs[1] with { Pack = 4 }, Rich.Epochs[2] with { Pack = 3 }] });

    /// <summary>Three epochs in which contents come again and pages change in few places.</summary>
    public static (byte[] File, IReadOnlyList<ModelEpoch> Epochs) WriteShared() => Write(new History
    {
        Lz4 = true,
        Sharing = 64,
        Epochs =
        [
            new EpochPlan { PageCount = 40, Steps = [new PageStep(0, 6, Filling.Common, GuestPageType.Normal, 1), new PageStep(20, 2, Filling.Random, GuestPageType.Normal, 2)] },
            new EpochPlan { Steps = [new PageStep(1, 1, Filling.Changed, GuestPageType.Normal, 3), new PageStep(20, 2, Filling.Changed, GuestPageType.Normal, 4)] },
            new EpochPlan { Steps = [new PageStep(20, 1, Filling.Changed, GuestPageType.Normal, 5), new PageStep(30, 5, Filling.Common, GuestPageType.L1Table, 6)] },
        ],
    });

    /// <summary>Two epochs and hardly a page, so that nearly all that is read of the file is header, slots and index.</summary>
    public static (byte[] File, IReadOnlyList<ModelEpoch> Epochs) WriteTiny(bool encrypted = false) => Write(Tiny with { Lz4 = true, Encrypted = encrypted });

    private static (byte[] File, IReadOnlyList<ModelEpoch> Epochs) Write(History history)
    {
        var file = new MemoryFile();
        CheckpointWriterOptions options = history.WriterOptions with
        {
            Clock = new SteadyClock(),
            FileId = new Guid("01234567-89ab-cdef-0123-456789abcdef"),
            FillRandom = TestKeys.SameEachTime(5),
        };
        var run = new HistoryWriter(history, () => CheckpointWriter.Create(new MemoryStorage(file), options), () => CheckpointWriter.Open(new MemoryStorage(file), options));
        run.Run();
        return (file.ToArray(), run.Epochs);
    }
}
