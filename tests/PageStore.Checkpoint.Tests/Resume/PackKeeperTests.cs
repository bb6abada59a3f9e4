using Xunit;

namespace PageStore.Checkpoint.Tests;

public sealed class PackKeeperTests
{
    private const int Pages = 64;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_newest_epoch_has_a_pack_of_what_was_touched_and_the_others_have_none(bool encrypted)
    {
        var file = new MemoryFile();
        CheckpointKey? key = encrypted ? TestKeys.Key : null;
        using (CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(file), new CheckpointWriterOptions { Key = key, Codec = PageCodecs.Lz4 }))
        using (var packs = new PackKeeper(writer, new PredictivePolicy(), budget: 1))
        {
            Assert.Null(Commit(writer, packs, 1).Pack);
            for (int epoch = 2; epoch <= 4; epoch++)
            {
                Assert.Equal(2, Commit(writer, packs, epoch).Pack!.Value.Pages);
                Assert.Null(packs.Failure);
            }
        }

        using CheckpointReader reader = CheckpointReader.Open(new MemoryStorage(file), new CheckpointReaderOptions { Key = key });
        Assert.Equal([false, false, false, true], reader.Epochs().Select(epoch => epoch.Pack is not null));
        ResumePack pack = reader.OpenEpoch(new EpochId(4)).OpenPack()!;
        Assert.Equal([4L, 40], pack.ReadPlan().Select(page => page.Value).Order());
        byte[] pages = new byte[2 * PageSizes.Default];
        Assert.Equal(2, pack.ReadNext(pages, new Pfn[2], new PageClass[2]));
        Assert.Equal((4, 0, null), (pages[1], pack.PagesReplaced, pack.Damage));
        Assert.True(reader.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken).Ok);
    }

    /// <summary>So that no crash leaves the one without the other, and each epoch waits for the medium as often as without packs.</summary>
    [Fact]
    public void One_root_brings_an_epoch_and_its_pack_and_takes_the_former_pack_away()
    {
        var plain = new MemoryFile();
        var packed = new MemoryFile();
        using CheckpointWriter plainWriter = CheckpointWriter.Create(new MemoryStorage(plain), new CheckpointWriterOptions());
        using CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(packed), new CheckpointWriterOptions());
        using var packs = new PackKeeper(writer, new PredictivePolicy());
        for (int epoch = 1; epoch <= 4; epoch++)
        {
            int plainBefore = plain.Operations.Count;
            int packedBefore = packed.Operations.Count;
            Commit(plainWriter, null, epoch);
            Commit(writer, packs, epoch);
            Assert.Equal(RootsAndSyncs(plain, plainBefore), RootsAndSyncs(packed, packedBefore));
        }
    }

    [Fact]
    public void A_pack_that_was_written_for_itself_goes_with_the_next_epoch()
    {
        using CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(new MemoryFile()), new CheckpointWriterOptions());
        Commit(writer, null, 1);
        writer.WritePack(new ResumePlan(new EpochId(1), new Pfn[] { new(1) }, Pages), TestContext.Current.CancellationToken);
        Commit(writer, null, 2);
        writer.WritePack(new ResumePlan(new EpochId(2), new Pfn[] { new(2) }, Pages), TestContext.Current.CancellationToken);
        using var packs = new PackKeeper(writer, new PredictivePolicy());
        Assert.NotNull(Commit(writer, packs, 3).Pack);
        Assert.Equal([false, false, true], new[] { 1, 2, 3 }.Select(id => HasPack(writer, id)));
    }

    [Fact]
    public void An_epoch_behind_which_nothing_was_touched_has_no_pack_and_disturbs_nobody()
    {
        using CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(new MemoryFile()), new CheckpointWriterOptions());
        using var packs = new PackKeeper(writer, new PredictivePolicy());
        Commit(writer, packs, 1);
        using (EpochBuilder idle = writer.BeginEpoch(new EpochOptions { Parent = new EpochId(1), Packs = packs }))
        {
            Assert.Null(idle.Commit().Pack);
        }

        Assert.Null(packs.Failure);
        Assert.NotNull(Commit(writer, packs, 3).Pack);
    }

    [Fact]
    public void A_packed_epoch_that_was_pruned_is_not_missed()
    {
        using CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(new MemoryFile()), new CheckpointWriterOptions());
        using var packs = new PackKeeper(writer, new PredictivePolicy());
        Commit(writer, packs, 1);
        Commit(writer, packs, 2);
        using (EpochBuilder idle = writer.BeginEpoch(new EpochOptions { Parent = new EpochId(2), Packs = packs }))
        {
            Assert.Null(idle.Commit().Pack);
        }

        Assert.True(HasPack(writer, 2));
        writer.Prune(new PrunePolicy { KeepLast = 1 });
        Assert.NotNull(Commit(writer, packs, 4).Pack);
    }

    [Fact]
    public void A_damaged_page_costs_the_pack_and_not_the_epoch()
    {
        var file = new MemoryFile();
        using (CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(file), new CheckpointWriterOptions()))
        using (var packs = new PackKeeper(writer, new TouchedPages(), budget: 1))
        {
            Commit(writer, packs, 1);
            Commit(writer, packs, 2);
            byte[] content = ContentOf(1);
            file.Do(new WriteOperation(file.Content.IndexOf(content) + 100, [0]));

            // Page 1 of the first epoch is read by the third.
            Assert.Null(Commit(writer, packs, 3, reads: 1).Pack);
            Assert.Equal(new Pfn(1), Assert.IsType<CorruptDataException>(packs.Failure).Pfn);
            Assert.True(HasPack(writer, 2));
            Assert.NotNull(Commit(writer, packs, 4).Pack);
            Assert.Equal((null, false), (packs.Failure, HasPack(writer, 2)));
        }

        using CheckpointReader reader = CheckpointReader.Open(new MemoryStorage(file));
        Assert.All(reader.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken).Damage, damage => Assert.Equal(new Pfn(1), damage.Pfn));
    }

    [Fact]
    public void A_plan_that_is_too_large_costs_the_pack_and_not_the_epoch()
    {
        var file = new MemoryFile();
        using (CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(file), new CheckpointWriterOptions { SegmentSize = 1 << 16 }))
        using (var packs = new PackKeeper(writer, new TouchedPages(), budget: 1))
        {
            Commit(writer, packs, 1);
            Commit(writer, packs, 2);
            using (EpochBuilder large = writer.BeginEpoch(new EpochOptions { PageCount = 2000, Parent = new EpochId(2), Packs = packs }))
            {
                // 16 pages to a segment, and names of sections that leave the record room for a pack of 64 segments.
                byte[] pages = new byte[2000 * PageSizes.Default];
                new Random(1).NextBytes(pages);
                large.WritePages(new Pfn(0), pages);
                int sections = 0;
                void AddAll()
                {
                    while (true)
                    {
                        large.AddState(sections++.ToString("D255", System.Globalization.CultureInfo.InvariantCulture), Stream.Null);
                    }
                }

                Assert.Throws<ArgumentException>(AddAll);
                Assert.Null(large.Commit().Pack);
            }

            Assert.Contains("Pack fewer pages", Assert.IsType<UnsupportedException>(packs.Failure).Message, StringComparison.Ordinal);
            Assert.NotNull(Commit(writer, packs, 4).Pack);
        }

        using CheckpointReader reader = CheckpointReader.Open(new MemoryStorage(file));
        Assert.Equal([false, false, false, true], reader.Epochs().Select(epoch => epoch.Pack is not null));
        Assert.Empty(reader.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken).Damage);
    }

    [Fact]
    public void A_former_pack_that_does_not_tell_what_it_takes_stays()
    {
        var file = new MemoryFile();
        using CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(file), new CheckpointWriterOptions());
        using var packs = new PackKeeper(writer, new TouchedPages(), budget: 1);
        Commit(writer, packs, 1);
        Commit(writer, packs, 2);
        using (Epoch former = writer.OpenEpoch(new EpochId(2)))
        {
            file.Do(new WriteOperation(former.Record.Pack!.Plan.Tree.Root.Offset, [0xFF]));
        }

        Assert.NotNull(Commit(writer, packs, 3).Pack);
        Assert.True(HasPack(writer, 2));
        Assert.NotNull(Commit(writer, packs, 4).Pack);
        Assert.False(HasPack(writer, 3));
    }

    [Fact]
    public void Packs_are_those_of_the_writer_they_are_kept_for()
    {
        using CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(new MemoryFile()), new CheckpointWriterOptions());
        using CheckpointWriter other = CheckpointWriter.Create(new MemoryStorage(new MemoryFile()), new CheckpointWriterOptions());
        using var packs = new PackKeeper(writer, new TouchedPages());
        Assert.Throws<ArgumentException>(() => other.BeginEpoch(new EpochOptions { Packs = packs }));
        Commit(writer, packs, 1);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_budget_is_a_number_above_0(double budget)
    {
        using CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(new MemoryFile()), new CheckpointWriterOptions());
        using var policy = new PredictivePolicy();
        Assert.Throws<ArgumentOutOfRangeException>(() => new PackKeeper(writer, policy, budget));
    }

    /// <summary>An epoch that wrote the page of its number, and read ten times that page.</summary>
    private static EpochInfo Commit(CheckpointWriter writer, PackKeeper? packs, int id, int? reads = null)
    {
        using EpochBuilder epoch = writer.BeginEpoch(new EpochOptions { PageCount = Pages, Parent = id == 1 ? null : new EpochId(id - 1), Packs = packs });
        epoch.WritePages(new Pfn(id), ContentOf(id));
        using var read = new PageBitmap(Pages);
        read.Set(new Pfn(reads ?? id * 10));
        epoch.SetReadSet(read);
        return epoch.Commit();
    }

    private static byte[] ContentOf(int id)
    {
        byte[] content = new byte[PageSizes.Default];
        content.AsSpan(1).Fill((byte)id);
        return content;
    }

    private static bool HasPack(CheckpointWriter writer, int id)
    {
        using Epoch epoch = writer.OpenEpoch(new EpochId(id));
        return epoch.Info.Pack is not null;
    }

    private static (int Roots, int Syncs) RootsAndSyncs(MemoryFile file, int from)
    {
        FileOperation[] done = [.. file.Operations.Skip(from)];
        return (done.Count(operation => operation is WriteOperation { Offset: < Layout.SegmentsOffset }), done.Count(operation => operation.IsBarrier));
    }
}
