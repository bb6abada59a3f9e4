using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>A prune that gives space back moves the pages of the kept epochs together, and they stay what they are.</summary>
public sealed class SegmentEvacuatorTests
{
    private const int PageSize = 4096;
    private const int SegmentSize = 1 << 16;

    /// <summary>Epochs from any earlier ones, of which any are dropped, twice.</summary>
    [Property(MaxTest = 150)]
    public Property Epochs_stay_what_they_are_and_no_segment_stays_nearly_empty() =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed =>
        {
            var random = new System.Random(seed);
            var file = new MemoryFile();
            bool sharing = random.Next(2) == 0;
            CheckpointWriterOptions options = Options(lz4: random.Next(3) > 0, sharing);
            Dictionary<long, int[]> epochs = [];
            using (CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(file), options))
            {
                for (int round = 0; round < 2; round++)
                {
                    Grow(writer, epochs, random);
                    HashSet<long> kept = [.. epochs.Keys.Where(_ => random.Next(3) == 0)];
                    writer.Prune(new PrunePolicy { KeepIf = id => kept.Contains(id.Value) });
                    kept.Add(writer.Newest!.Value.Value);
                    epochs.Keys.Except(kept).ToList().ForEach(id => epochs.Remove(id));
                    AssertHolds(file, epochs);
                }
            }

            // One segment of each class was open at the last prune and is full now. Bases that patches leave, when they move, lie in segments that were not sparse before.
            Assert.InRange(sharing ? 0 : Full(file, options).Count(account => 2 * account.LiveBytes < account.UsedBytes), 0, 2);
        });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Epochs_share_afterwards_what_they_shared_before(bool lz4)
    {
        const int pages = 400;
        var file = new MemoryFile();
        Dictionary<long, int[]> epochs = [];
        using CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(file), Options(lz4));
        Write(writer, epochs, null, new int[pages], Enumerable.Range(0, pages));
        for (int epoch = 2; epoch <= 40; epoch++)
        {
            // Half of what the first epoch wrote is dead in the end, page by page. Two of the kept epochs come from one that is dropped.
            int parent = epoch == 12 ? 10 : epoch - 1;
            Write(writer, epochs, parent, epochs[parent], Enumerable.Range(0, 20).Select(i => ((epoch * 20) + i) * 2 % pages));
        }

        writer.Prune(new PrunePolicy { KeepLast = 30 });
        epochs.Keys.Where(id => id <= 10).ToList().ForEach(id => epochs.Remove(id));

        AssertHolds(file, epochs);
        using CheckpointReader reader = CheckpointReader.Open(new MemoryStorage(file));
        long blocks = epochs.SelectMany(epoch => epoch.Value.Select((seed, pfn) => (seed, pfn))).Distinct().Count();
        HashSet<long> offsets = [];
        foreach (EpochInfo info in reader.Epochs())
        {
            using Epoch epoch = reader.OpenEpoch(info.Id);
            offsets.UnionWith(Enumerable.Range(0, pages).Select(pfn => OffsetOf(epoch, pfn)));
        }

        Assert.Equal(blocks, offsets.Count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    public void Of_packed_pages_that_died_here_and_there_nearly_all_is_given_back(int every)
    {
        const int pages = 6000;
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".pages");
        try
        {
            Dictionary<long, int[]> epochs = [];
            var random = new System.Random(5);
            using CheckpointWriter writer = CheckpointWriter.Create(path, Options(lz4: true));
            Write(writer, epochs, null, new int[pages], Enumerable.Range(0, pages));
            for (int epoch = 2; epoch <= 60; epoch++)
            {
                Write(writer, epochs, epoch - 1, epochs[epoch - 1], Enumerable.Range(0, 300).Select(_ => random.Next(pages)));
            }

            PruneReport report = writer.Prune(new PrunePolicy { KeepLast = 1, KeepEvery = every == 1 ? null : every });
            Assert.InRange(report.ReturnedBytes, report.DeadBytes * 8 / 10, report.DeadBytes * 12 / 10);
            epochs.Keys.Where(id => id != 60 && (every == 1 || id % every != 0)).ToList().ForEach(id => epochs.Remove(id));
            using CheckpointReader reader = CheckpointReader.Open(path);
            AssertHolds(reader, epochs);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void A_page_that_is_damaged_stays_and_is_still_reported()
    {
        var file = new MemoryFile();
        Dictionary<long, int[]> epochs = [];
        using CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(file), Options(lz4: true));
        Write(writer, epochs, null, new int[100], Enumerable.Range(0, 100));
        Write(writer, epochs, 1, epochs[1], Enumerable.Range(10, 90));
        long damaged = OffsetOf(writer.OpenEpoch(new EpochId(2)), 3);
        new MemoryStorage(file).Write(damaged + 5, [new byte[] { 0xA5 }]);

        writer.Prune(new PrunePolicy { KeepLast = 1 });
        using CheckpointReader reader = CheckpointReader.Open(new MemoryStorage(file));
        using Epoch epoch = reader.OpenNewest();
        var found = Assert.Throws<CorruptDataException>(() => epoch.ReadPage(new Pfn(3), new byte[PageSize]));
        Assert.Equal(damaged, found.Offset);
        Assert.NotEqual(damaged, OffsetOf(epoch, 4));
        AssertPage(epoch, 4, epochs[2][4]);
        AssertPage(epoch, 50, epochs[2][50]);
    }

    private static CheckpointWriterOptions Options(bool lz4, bool sharing = false) => new()
    {
        SegmentSize = SegmentSize,
        Sharing = sharing ? new SharingOptions() : null,
        Codec = lz4 ? PageCodecs.Lz4 : PageCodecs.None,
        Durability = Durability.SurvivesProcessCrash,
    };

    private static void Grow(CheckpointWriter writer, Dictionary<long, int[]> epochs, System.Random random)
    {
        for (int i = random.Next(2, 12); i > 0; i--)
        {
            long? parent = epochs.Count == 0 || random.Next(10) == 0 ? null : epochs.Keys.ElementAt(random.Next(2) == 0 ? epochs.Count - 1 : random.Next(epochs.Count));

            // Around the number at which a page table gets another level, too.
            int pages = random.Next(8) == 0 ? random.Next(4090, 4100) : random.Next(1, 300);
            int[] before = parent is { } id ? epochs[id] : [];
            Array.Resize(ref before, pages);
            Write(writer, epochs, parent, before, Enumerable.Range(0, random.Next(120)).Select(_ => random.Next(pages)));
        }
    }

    private static void Write(CheckpointWriter writer, Dictionary<long, int[]> epochs, long? parent, int[] before, IEnumerable<int> pfns)
    {
        int[] seeds = [.. before];
        using EpochBuilder builder = writer.BeginEpoch(new EpochOptions { Parent = parent is { } id ? new EpochId(id) : null, PageCount = seeds.Length });
        foreach (int pfn in pfns.Distinct())
        {
            seeds[pfn] = (int)builder.Id.Value;
            builder.WritePages(new Pfn(pfn), PageOf(seeds[pfn], pfn));
        }

        epochs[builder.Id.Value] = seeds;
        builder.Commit();
    }

    /// <summary>
    /// A quarter of a page that nothing packs, and three quarters that LZ4 does; 0 is a page that was never written. Of four versions of a page three differ in little, and two pages beside each other are alike.
    /// </summary>
    private static byte[] PageOf(int seed, int pfn)
    {
        byte[] page = new byte[PageSize];
        if (seed != 0)
        {
            new System.Random((seed % 4 == 0 ? seed * 1000 : 0) + (pfn / 2)).NextBytes(page.AsSpan(0, PageSize / 4));
            BitConverter.TryWriteBytes(page.AsSpan(100), seed);
        }

        return page;
    }

    private static void AssertHolds(MemoryFile file, Dictionary<long, int[]> epochs)
    {
        using CheckpointReader reader = CheckpointReader.Open(new MemoryStorage(file));
        AssertHolds(reader, epochs);
    }

    private static void AssertHolds(CheckpointReader reader, Dictionary<long, int[]> epochs)
    {
        Assert.Equal(epochs.Keys.Order(), reader.Epochs().Select(info => info.Id.Value));
        foreach ((long id, int[] seeds) in epochs)
        {
            using Epoch epoch = reader.OpenEpoch(new EpochId(id));
            Assert.Equal(seeds.Length, epoch.PageCount);
            for (int pfn = 0; pfn < seeds.Length; pfn++)
            {
                AssertPage(epoch, pfn, seeds[pfn]);
            }
        }

        Assert.Empty(reader.VerifyDeep().Damage);
    }

    private static void AssertPage(Epoch epoch, int pfn, int seed)
    {
        byte[] page = new byte[PageSize];
        epoch.ReadPage(new Pfn(pfn), page);
        Assert.True(page.AsSpan().SequenceEqual(PageOf(seed, pfn)), $"page {pfn} of epoch {epoch.Info.Id}");
    }

    private static long OffsetOf(Epoch epoch, int pfn)
    {
        TreeCursor cursor = epoch.BindCursor(new Pfn(pfn));
        long offset = cursor.Get(pfn).Offset;
        Epoch.ReturnCursor(cursor);
        return offset;
    }

    /// <summary>The accounts of the segments of pages that are full.</summary>
    private static SegmentEntry[] Full(MemoryFile file, CheckpointWriterOptions options)
    {
        var storage = new MemoryStorage(file);
        using var opened = new WritableFile(storage, FileRoot.OpenHeader(storage, null, null), options);
        return [.. opened.Segments.Accounts()
            .Where(segment => segment.Account.Class is SegmentClass.Raw or SegmentClass.Packed && opened.Segments.CanBeEmptied(segment.Number))
            .Select(segment => segment.Account)];
    }
}
