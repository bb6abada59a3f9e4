using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>
/// A writer that looks at the medium compares the newest root with the one in the other slot. What that one reached may be written over: once another root stood in its slot nobody kept it, and
/// then a loss of power brought it back.
/// </summary>
public sealed class ReusedRootTests
{
    private const int SegmentSize = 1 << 16;
    private const int PageSize = 4096;
    private const int MaxCommits = 3000;

    private static readonly CheckpointWriterOptions Options = new()
    {
        SegmentSize = SegmentSize,
        Durability = Durability.SurvivesPowerLossInGroups,
        GroupSize = 8,
        GroupDelay = TimeSpan.FromDays(1),
    };

    private readonly MemoryFile _file = new();

    [Fact]
    public void A_root_that_comes_back_without_its_trees_takes_nothing_from_the_one_that_was_synced_behind_it()
    {
        EpochId synced = ReuseTreesOfRootBefore();
        MemoryFile left = LosePower();
        using (CheckpointWriter next = CheckpointWriter.Open(new MemoryStorage(left) { HostRun = Guid.NewGuid() }, Options))
        {
            Assert.Equal(synced, next.Newest);
        }

        using CheckpointReader reader = CheckpointReader.Open(new MemoryStorage(left));
        Assert.Equal(synced, reader.Newest);
        Assert.Empty(reader.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken).Damage);
    }

    [Fact]
    public void A_root_without_its_trees_is_not_written_over_one_that_lost_something()
    {
        ReuseTreesOfRootBefore();
        MemoryFile left = LosePower();
        var storage = new MemoryStorage(left) { HostRun = Guid.NewGuid() };
        TreeRoot directory = FileRoot.Find(storage, FileRoot.OpenHeader(storage, null)).Slot.Directory;
        storage.Write(directory.Root.Offset + 8, [new byte[] { 0xFF, 0xFF }]);
        byte[] before = left.ToArray();
        CorruptDataException loss = Assert.Throws<CorruptDataException>(() => CheckpointWriter.Open(storage, Options));
        Assert.Equal(directory.Root.Offset, loss.Offset);
        Assert.Equal(before, left.ToArray());
    }

    [Theory]
    [InlineData(Layout.SegmentsOffset)]
    [InlineData(1L << 30)]
    public void Trees_of_the_root_before_that_cannot_be_read_are_no_loss_of_the_newest_and_it_is_looked_at_whole(long offset)
    {
        using (CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(_file), Options))
        {
            Write(writer, 4);
            Write(writer, 0);
        }

        var storage = new MemoryStorage(_file);
        FileHeader header = FileRoot.OpenHeader(storage, null);
        var root = FileRoot.Find(storage, header);
        var gone = new TreeRoot(Entry.BlockOf(EntryKind.Node, offset, 48, new ContentSum(1), GuestPageType.Normal), 1);
        RootSlot before = root.Slot with { Directory = gone, Segments = gone };
        Assert.Null(MediumCheck.FindLoss(storage, header, root, before));

        using Epoch epoch = new(root, root.TryReadRecord(new EpochId(1))!);
        TreeCursor cursor = epoch.BindCursor(new Pfn(3));
        storage.Write(cursor.Get(3).Offset, [new byte[1]]);
        Epoch.ReturnCursor(cursor);
        Assert.NotNull(MediumCheck.FindLoss(storage, header, root, before));
        Assert.Null(MediumCheck.FindLoss(storage, header, root, root.Slot));
    }

    /// <summary>Commits until the segments are written over in which the trees of the last but one synced root lie. The next sync is still to come.</summary>
    /// <returns>The newest epoch of the last synced root.</returns>
    private EpochId ReuseTreesOfRootBefore()
    {
        CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(_file), Options);
        HashSet<long> trees = [];
        HashSet<long> now = [];
        for (int commit = 0; trees.IsSubsetOf(now); commit++)
        {
            Assert.InRange(commit, 0, MaxCommits);
            trees = now;
            Write(writer, 0);
            now = SegmentsOfTrees(writer.Root);
        }

        while (!writer.Root.Slot.IsSynced)
        {
            Write(writer, 0);
        }

        EpochId synced = writer.Newest!.Value;
        Write(writer, 0);
        Write(writer, trees.Count * SegmentSize / PageSize);
        Assert.False(writer.Root.Slot.IsSynced);
        return synced;
    }

    /// <summary>All that was written since the last sync arrives, but no root.</summary>
    private MemoryFile LosePower()
    {
        FileOperation[] pending = [.. _file.Operations.Reverse().TakeWhile(operation => !operation.IsBarrier).Reverse()];
        return _file.AfterPowerLoss((operation, _) => pending[operation] is not WriteOperation { Offset: < Layout.SegmentsOffset });
    }

    private static HashSet<long> SegmentsOfTrees(FileRoot root)
    {
        var cursor = new TreeCursor();
        return [.. Enumerable.Range(0, (int)root.Slot.SegmentCount).Select(number => (long)number).Where(number => root.TryReadAccount(cursor, number)?.Class == SegmentClass.Meta)];
    }

    private static void Write(CheckpointWriter writer, int pages)
    {
        byte[] content = new byte[pages * PageSize];
        new Random(pages).NextBytes(content);
        using EpochBuilder builder = writer.BeginEpoch(new EpochOptions { Parent = writer.Newest });
        builder.WritePages(new Pfn(0), content);
        builder.Commit();
    }
}
