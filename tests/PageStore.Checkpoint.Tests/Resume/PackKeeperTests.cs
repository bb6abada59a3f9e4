using Xunit;

namespace PageStore.Checkpoint.Tests;

public sealed class PackKeeperTests
{
    private const int Pages = 64;

    [Fact]
    public void The_newest_epoch_has_a_pack_of_what_was_touched_and_the_others_have_none()
    {
        var file = new MemoryFile();
        using (CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(file), new CheckpointWriterOptions()))
        using (var packs = new PackKeeper(writer, new PredictivePolicy(), budget: 1))
        {
            Assert.Null(packs.Pack(Commit(writer, 1)).Pack);
            for (int epoch = 2; epoch <= 4; epoch++)
            {
                Assert.Equal(2, packs.Pack(Commit(writer, epoch)).Pack!.Value.Pages);
            }
        }

        using CheckpointReader reader = CheckpointReader.Open(new MemoryStorage(file));
        Assert.Equal([false, false, false, true], reader.Epochs().Select(epoch => epoch.Pack is not null));
        ResumePack pack = reader.OpenEpoch(new EpochId(4)).OpenPack()!;
        Assert.Equal([4L, 40], pack.ReadPlan().Select(page => page.Value).Order());
        Assert.True(reader.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken).Ok);
    }

    [Fact]
    public void The_pack_that_a_former_keeper_left_goes_as_well()
    {
        using CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(new MemoryFile()), new CheckpointWriterOptions());
        using (var packs = new PackKeeper(writer, new PredictivePolicy()))
        {
            packs.Pack(Commit(writer, 1));
            Assert.NotNull(packs.Pack(Commit(writer, 2)).Pack);
        }

        // The former one was killed before it could pack its last epoch.
        Commit(writer, 3);
        using var later = new PackKeeper(writer, new PredictivePolicy());
        Assert.NotNull(later.Pack(Commit(writer, 4)).Pack);
        using Epoch former = writer.OpenEpoch(new EpochId(2));
        Assert.Null(former.Info.Pack);
    }

    [Fact]
    public void An_epoch_behind_which_nothing_was_touched_has_no_pack_and_disturbs_nobody()
    {
        using CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(new MemoryFile()), new CheckpointWriterOptions());
        using var packs = new PackKeeper(writer, new PredictivePolicy());
        packs.Pack(Commit(writer, 1));
        using (EpochBuilder idle = writer.BeginEpoch(new EpochOptions { Parent = new EpochId(1) }))
        {
            Assert.Null(packs.Pack(idle.Commit()).Pack);
        }

        Assert.NotNull(packs.Pack(Commit(writer, 3)).Pack);
    }

    [Fact]
    public void A_packed_epoch_that_was_pruned_is_not_missed()
    {
        using CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(new MemoryFile()), new CheckpointWriterOptions());
        using var packs = new PackKeeper(writer, new PredictivePolicy());
        packs.Pack(Commit(writer, 1));
        packs.Pack(Commit(writer, 2));
        using (EpochBuilder idle = writer.BeginEpoch(new EpochOptions { Parent = new EpochId(2) }))
        {
            Assert.Null(packs.Pack(idle.Commit()).Pack);
        }

        writer.Prune(new PrunePolicy { KeepLast = 1 });
        Assert.NotNull(packs.Pack(Commit(writer, 4)).Pack);
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
    private static EpochInfo Commit(CheckpointWriter writer, int id)
    {
        using EpochBuilder epoch = writer.BeginEpoch(new EpochOptions { PageCount = Pages, Parent = id == 1 ? null : new EpochId(id - 1) });
        byte[] content = new byte[PageSizes.Default];
        content.AsSpan(1).Fill((byte)id);
        epoch.WritePages(new Pfn(id), content);
        using var read = new PageBitmap(Pages);
        read.Set(new Pfn(id * 10));
        epoch.SetReadSet(read);
        return epoch.Commit();
    }
}
