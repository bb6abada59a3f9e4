using FsCheck.Xunit;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>What is never written does not keep a file large for ever.</summary>
public sealed class SegmentCleanerTests
{
    private const int PageSize = 4096;
    private const int SegmentSize = 1 << 16;
    private const int Pages = 1024;
    private const int Hot = 15;

    [Property(MaxTest = 200, Arbitrary = [typeof(HistoryArbitrary)])]
    public void Accounts_and_pages_stay_right_whatever_moves(History history)
    {
        var file = new MemoryFile();
        CheckpointWriterOptions options = history.WriterOptions with { CleansAlways = true };
        var run = new HistoryWriter(history, () => CheckpointWriter.Create(new MemoryStorage(file), options), () => CheckpointWriter.Open(new MemoryStorage(file), options));
        run.Run();

        using var reader = CheckpointReader.Open(new MemoryStorage(file), history.ReaderOptions);
        ModelAssert.Matches(reader, run.Epochs);
        Assert.Empty(reader.VerifyDeep().Damage);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Pages_that_are_seldom_written_do_not_pin_all_segments_there_ever_were(bool reopens)
    {
        var file = new MemoryFile();
        int[] seeds = new int[Pages];
        var random = new Random(11);
        int[] cold = [.. Enumerable.Range(Hot, Pages - Hot)];
        random.Shuffle(cold);
        CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(file), new CheckpointWriterOptions { SegmentSize = SegmentSize });
        WriteEpoch(writer, Enumerable.Range(0, Pages), seeds, 1);
        for (int epoch = 2; epoch < 2000; epoch++)
        {
            // A whole segment's worth: without moving, each of the cold pages would pin the one that it was written to.
            WriteEpoch(writer, [.. Enumerable.Range(0, Hot), cold[epoch % cold.Length]], seeds, epoch);
            writer.Prune(new PrunePolicy { KeepLast = 2, ReturnSpace = false });
            if (reopens && epoch % 100 == 0)
            {
                writer.Dispose();
                writer = CheckpointWriter.Open(new MemoryStorage(file), new CheckpointWriterOptions());
            }
        }

        writer.Dispose();
        using CheckpointReader reader = CheckpointReader.Open(new MemoryStorage(file));
        AssertHolds(reader, seeds);
        Assert.Empty(reader.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken).Damage);

        // Three times what is live, what a pass over the guest takes, and the segments of the index.
        Assert.InRange(file.Length, 0, 5L * Pages * PageSize);
    }

    [Fact]
    public void Epochs_that_are_kept_do_not_make_it_move_pages_again_and_again()
    {
        var file = new MemoryFile();
        int[] seeds = new int[Pages];
        using CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(file), new CheckpointWriterOptions { SegmentSize = SegmentSize });
        WriteEpoch(writer, Enumerable.Range(0, Pages), seeds, 1);
        long moved = 0;
        for (int epoch = 2; epoch < 600; epoch++)
        {
            EpochInfo info = WriteEpoch(writer, Enumerable.Range(epoch % 60 * Hot, Hot), seeds, epoch);
            moved += info.Bytes - (Hot * PageSize);
            writer.Prune(new PrunePolicy { KeepEvery = 7, ReturnSpace = false });
        }

        // Nodes and sets of each epoch are among it.
        Assert.InRange(moved, 0, 600L * Hot * PageSize / 2);
        using CheckpointReader reader = CheckpointReader.Open(new MemoryStorage(file));
        AssertHolds(reader, seeds);
    }

    [Fact]
    public void What_moves_is_not_in_W()
    {
        var file = new MemoryFile();
        int[] seeds = new int[Pages];
        using CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(file), new CheckpointWriterOptions { SegmentSize = SegmentSize, CleansAlways = true });
        WriteEpoch(writer, Enumerable.Range(0, 64), seeds, 1);
        WriteEpoch(writer, Enumerable.Range(0, 64).Where(pfn => pfn % 16 != 3), seeds, 2);
        writer.Prune(new PrunePolicy { KeepLast = 1, ReturnSpace = false });
        EpochInfo info = WriteEpoch(writer, [0], seeds, 3);

        // Pages 3, 19, 35 and 51 were alone in the first segments.
        Assert.InRange(info.Bytes, 5 * PageSize, 6 * PageSize);
        Assert.Equal(1, info.PagesWritten);
        writer.Prune(new PrunePolicy { KeepLast = 1, ReturnSpace = false });
        using CheckpointReader reader = CheckpointReader.Open(new MemoryStorage(file));
        AssertHolds(reader, seeds);
        Assert.Empty(reader.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken).Damage);
    }

    private static EpochInfo WriteEpoch(CheckpointWriter writer, IEnumerable<int> pages, int[] seeds, int seed)
    {
        using EpochBuilder builder = writer.BeginEpoch(new EpochOptions { Parent = writer.Newest });
        foreach (int pfn in pages)
        {
            seeds[pfn] = seed;
            builder.WritePages(new Pfn(pfn), Content(pfn, seed));
        }

        return builder.Commit();
    }

    private static void AssertHolds(CheckpointReader reader, int[] seeds)
    {
        using Epoch newest = reader.OpenNewest();
        byte[] page = new byte[PageSize];
        for (int pfn = 0; pfn < newest.PageCount; pfn++)
        {
            newest.ReadPage(new Pfn(pfn), page);
            Assert.Equal(Content(pfn, seeds[pfn]), page);
        }
    }

    private static byte[] Content(int pfn, int seed)
    {
        byte[] page = new byte[PageSize];
        new Random((seed * Pages) + pfn).NextBytes(page);
        return page;
    }
}
