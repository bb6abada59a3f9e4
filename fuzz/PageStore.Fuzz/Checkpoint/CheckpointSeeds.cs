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
        yield return ("seed-sets", Make(PageCodecs.None, WriteSets));
        yield return ("seed-patches", Make(PageCodecs.Lz4, WritePatches));
        yield return ("seed-pruned", Make(PageCodecs.None, WritePruned));
        yield return ("seed-packs", Make(PageCodecs.Lz4, WritePacks));
        yield return ("seed-encrypted", Make(PageCodecs.Lz4, WriteAll, key: ImageSeals.Key));
    }

    private static byte[] Make(IPageCodec codec, Action<CheckpointWriter> write, int pageSize = PageSize, CheckpointKey? key = null)
    {
        var storage = new MemoryStorage();
        var random = new Random(1);
        var options = new CheckpointWriterOptions
        {
            PageSize = pageSize,
            SegmentSize = 1 << (key is null ? Layout.MinSegmentShift : Layout.MinSealedSegmentShift),
            Codec = codec,
            FileId = FileId,
            Clock = new StoppedClock(),
            Key = key,
            FillRandom = random.NextBytes,
        };
        using (CheckpointWriter writer = CheckpointWriter.Create(storage, options))
        {
            write(writer);
        }

        return SparseImage.OfFile(storage.Bytes).ToBytes();
    }

    private static void Write(CheckpointWriter writer, long pages, EpochId? parent, Action<EpochBuilder> write, string? label = "seed")
    {
        var options = new EpochOptions { Parent = parent, PageCount = pages, Label = label, Consistency = EpochConsistency.Paused, GuestId = FileId };
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

    /// <summary>Sets of written and of read pages in each form: runs, bitmaps, full chunks.</summary>
    private static void WriteSets(CheckpointWriter writer)
    {
        const int Pages = 200_000;
        Write(writer, Pages, null, builder => builder.PutPlain(new PfnRun(new Pfn(0), 70_000), Entry.Zero));
        Write(writer, Pages, new EpochId(1), builder =>
        {
            builder.WritePages(new Pfn(3), Page(1));
            using var read = new PageBitmap(Pages);
            read.SetRange(new Pfn(65536), 65536);
            for (int page = 0; page < 4096; page += 2 + (page % 3))
            {
                read.Set(new Pfn(page));
            }

            builder.SetReadSet(read);
        });
    }

    /// <summary>Packed pages under nodes that are patched once, twice, and written anew; epochs with labels and without.</summary>
    private static void WritePatches(CheckpointWriter writer)
    {
        byte[] pages = [.. Enumerable.Range(1, 20).SelectMany(i => Page((byte)i))];
        Write(writer, 130, null, builder => builder.WritePages(new Pfn(0), pages), "the first");
        Write(writer, 130, new EpochId(1), builder => builder.WritePages(new Pfn(2), pages.AsSpan(0, 2 * PageSize)), label: null);
        Write(writer, 130, new EpochId(2), builder => builder.WritePages(new Pfn(5), pages.AsSpan(0, 3 * PageSize)), "naïve ☃");
        Write(writer, 130, new EpochId(3), builder => builder.WritePages(new Pfn(1), pages.AsSpan(0, 15 * PageSize)), label: null);
    }

    /// <summary>Dropped epochs that still link others, free segments, and some that were free and are used again.</summary>
    private static void WritePruned(CheckpointWriter writer)
    {
        // More than two segments have: one of them then holds nothing else.
        byte[] pages = [.. Enumerable.Range(1, 36).SelectMany(i => Page((byte)i))];
        Write(writer, 64, null, builder => builder.WritePages(new Pfn(0), Page(1)));
        Write(writer, 64, new EpochId(1), builder => builder.WritePages(new Pfn(20), pages));
        Write(writer, 64, new EpochId(2), builder => builder.WritePages(new Pfn(20), pages));
        Write(writer, 64, new EpochId(2), builder => builder.WritePages(new Pfn(20), pages));
        writer.Prune(new PrunePolicy { KeepIf = id => id.Value != 2, ReturnSpace = false });
        Write(writer, 64, new EpochId(4), builder => builder.WritePages(new Pfn(63), Page(1)));
        Write(writer, 64, new EpochId(3), builder => builder.WritePages(new Pfn(20), pages));
        writer.Prune(new PrunePolicy { KeepIf = id => id.Value != 3 });
    }

    /// <summary>A pack of pages of each kind, one that another has replaced, and a dropped one, whose segments are free.</summary>
    private static void WritePacks(CheckpointWriter writer)
    {
        Write(writer, 200, null, WriteKinds);
        Write(writer, 200, new EpochId(1), WriteStates);
        Pack(writer, 1, 70, 0, 9, 2, 131, 40);
        Pack(writer, 2, 5, 70);
        Pack(writer, 2, 70, 5, 3, 0);
        Write(writer, 200, new EpochId(2), builder => builder.WritePages(new Pfn(2), Page(3)));
        Pack(writer, 3, 2);
        writer.DropPack(new EpochId(3));
    }

    private static void Pack(CheckpointWriter writer, long epoch, params long[] pages) =>
        writer.WritePack(new ResumePlan(new EpochId(epoch), [.. pages.Select(page => new Pfn(page))], 200));

    private static void WriteAll(CheckpointWriter writer)
    {
        Write(writer, 200, null, WriteKinds);
        Pack(writer, 1, 9, 70, 0);
        Write(writer, 200, new EpochId(1), WriteStates, label: null);
        Write(writer, 200, new EpochId(2), builder => builder.WritePages(new Pfn(2), Page(3)));
        writer.Prune(new PrunePolicy { KeepIf = id => id.Value == 1 });
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
