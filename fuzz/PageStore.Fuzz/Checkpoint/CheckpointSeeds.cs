using PageStore.Checkpoint;

namespace PageStore.Fuzz;

/// <summary>Small checkpoint files that use each feature once, made by the library's own writer.</summary>
internal static class CheckpointSeeds
{
    private const int PageSize = 4096;

    private static readonly Guid FileId = new("6e2f7f86-6a4e-4c1c-9c1b-0d6a5a2f3b11");

    public static IEnumerable<(string Name, byte[] Input)> All()
    {
        yield return ("seed-no-epoch", Make(PageCodecs.None, _ => { }));
        yield return ("seed-one-page", Make(PageCodecs.None, writer => Write(writer, 1, null, builder => builder.WritePages(new Pfn(0), Page(1)))));
        yield return ("seed-kinds", Make(PageCodecs.Lz4, writer => Write(writer, 200, null, WriteKinds)));
        yield return ("seed-history", Make(PageCodecs.None, WriteHistory));
        yield return ("seed-states", Make(PageCodecs.Lz4, writer => Write(writer, 70, null, WriteStates)));
        yield return ("seed-huge", Make(PageCodecs.None, writer => Write(writer, 1L << 40, null, WriteFarApart)));
        yield return ("seed-large-pages", MakeLargePages());
    }

    private static byte[] Make(IPageCodec codec, Action<CheckpointWriter> write, int pageSize = PageSize)
    {
        var storage = new MemoryStorage();
        var options = new CheckpointWriterOptions
        {
            PageSize = pageSize,
            SegmentSize = 1 << Layout.MinSegmentShift,
            Codec = codec,
            FileId = FileId,
            Clock = new StoppedClock(),
        };
        using (CheckpointWriter writer = CheckpointWriter.Create(storage, options))
        {
            write(writer);
        }

        return SparseImage.OfFile(storage.Bytes).ToBytes();
    }

    private static void Write(CheckpointWriter writer, long pages, EpochId? parent, Action<EpochBuilder> write)
    {
        var options = new EpochOptions { Parent = parent, PageCount = pages, Label = "seed", Consistency = EpochConsistency.Paused, GuestId = FileId };
        using EpochBuilder builder = writer.BeginEpoch(options);
        write(builder);
        builder.Commit();
    }

    private static void WriteKinds(EpochBuilder builder)
    {
        builder.WritePages(new Pfn(0), Page(1));
        builder.WritePages(new Pfn(1), new byte[3 * PageSize]);
        byte[] repeated = new byte[PageSize];
        repeated.AsSpan().Fill(0x5A);
        builder.WritePages(new Pfn(9), repeated, [GuestPageType.PinnedL4Table]);
        builder.WritePages(new Pfn(70), Page(2), [GuestPageType.L1Table]);
        builder.SetAbsent(new PfnRun(new Pfn(130), 4), GuestPageType.Broken);
        using var read = new PageBitmap(200);
        read.SetRange(new Pfn(20), 100);
        builder.SetReadSet(read);
    }

    /// <summary>Patched nodes, a branch, a guest that grows and shrinks, runs of raw pages.</summary>
    private static void WriteHistory(CheckpointWriter writer)
    {
        Write(writer, 100, null, builder => builder.WritePages(new Pfn(10), [.. Page(1), .. Page(2), .. Page(3)]));
        Write(writer, 100, new EpochId(1), builder => builder.WritePages(new Pfn(12), Page(4)));
        Write(writer, 5000, new EpochId(2), builder => builder.WritePages(new Pfn(4999), Page(5)));
        Write(writer, 60, new EpochId(1), builder => builder.WritePages(new Pfn(59), Page(6)));
        Write(writer, 100, new EpochId(3), builder => builder.WritePages(new Pfn(12), new byte[PageSize]));
    }

    private static void WriteStates(EpochBuilder builder)
    {
        builder.WritePages(new Pfn(5), Page(1));
        builder.AddState("cpu", new MemoryStream([1, 2, 3, 4, 5]));
        builder.AddState("empty", new MemoryStream());
        builder.AddState("device", new MemoryStream(new byte[Layout.ChunkSize + 100]));
        builder.AddState("text", new MemoryStream([.. Enumerable.Range(0, 3000).Select(i => (byte)(i / 50))]));
    }

    private static void WriteFarApart(EpochBuilder builder)
    {
        builder.WritePages(new Pfn(1L << 20), Page(1));
        builder.WritePages(new Pfn((1L << 40) - 1), Page(2));
    }

    private static byte[] MakeLargePages()
    {
        byte[] page = new byte[65536];
        page[1] = page[65535] = 1;
        return Make(PageCodecs.None, writer => Write(writer, 3, null, builder => builder.WritePages(new Pfn(1), page)), page.Length);
    }

    /// <summary>A page with data at both ends, so that the image stays small.</summary>
    private static byte[] Page(byte content)
    {
        byte[] page = new byte[PageSize];
        page.AsSpan(0, 8).Fill(content);
        page[^1] = content;
        return page;
    }

    private sealed class StoppedClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    }
}
