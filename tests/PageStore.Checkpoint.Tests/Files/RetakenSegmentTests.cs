using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>
/// A return of space empties a segment, and its own next commit takes the segment for something else: what died in it before is no hole any more.
/// </summary>
public sealed class RetakenSegmentTests
{
    private const int PageSize = 4096;
    private const int SegmentSize = 1 << 16;
    private const int Run = SegmentSize / PageSize;

    /// <summary>More than the trees of all commits of <see cref="TakesItself"/> take.</summary>
    private const int MetaRoom = 4 << 10;

    /// <summary>Many times as many as fill a segment with trees.</summary>
    private const int MaxCommits = 2000;

    private static readonly CheckpointWriterOptions Options = new() { SegmentSize = SegmentSize };

    [Fact]
    public void What_a_commit_writes_into_a_segment_that_was_just_emptied_stays()
    {
        var file = new MemoryFile();
        using CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(file), Options);
        WritePages(writer, 0, 2 * Run);

        // Whether it is the commit of the return that fills a segment of trees depends on how many commits there were before.
        bool taken = false;
        for (int commit = 0; !taken; commit++)
        {
            Assert.InRange(commit, 0, MaxCommits);
            WritePages(writer, 0, 0);
            taken = MetaRoomOf(writer) < MetaRoom && TakesItself(new MemoryFile(file.Content));
        }
    }

    /// <summary>Empties the first segment and the last one, whose end is cut off by a commit. Whether that took the first one for trees, which must then be whole.</summary>
    private static bool TakesItself(MemoryFile file)
    {
        using CheckpointWriter writer = CheckpointWriter.Open(new MemoryStorage(file), Options);
        WritePages(writer, 2 * Run, Run);
        WriteWords(writer, [.. Enumerable.Range(1, (2 * Run) - 1), .. Enumerable.Range((2 * Run) + 1, Run - 1)]);
        writer.Prune(new PrunePolicy { KeepLast = 1, ReturnSpace = false });
        WritePages(writer, 0, 0);

        // Into the second segment, which is free: neither of the two is being filled any more.
        WritePages(writer, Run, 1);
        writer.Prune(new PrunePolicy { KeepLast = 1 });
        WritePages(writer, Run, 1);

        using CheckpointReader reader = CheckpointReader.Open(new MemoryStorage(file));
        Assert.Empty(reader.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken).Damage);
        return writer.Root.TryReadAccount(new TreeCursor(), 0)?.Class == SegmentClass.Meta;
    }

    private static long MetaRoomOf(CheckpointWriter writer) => (SegmentSize - (writer.Root.Slot.Append.Meta - Layout.SegmentsOffset)) & (SegmentSize - 1);

    private static void WritePages(CheckpointWriter writer, int first, int count)
    {
        byte[] pages = new byte[count * PageSize];
        new Random(first).NextBytes(pages);
        using EpochBuilder builder = Begin(writer);
        builder.WritePages(new Pfn(first), pages);
        builder.Commit();
    }

    /// <summary>Writes pages that need no block.</summary>
    private static void WriteWords(CheckpointWriter writer, IEnumerable<int> pfns)
    {
        byte[] page = new byte[PageSize];
        page.AsSpan().Fill(7);
        using EpochBuilder builder = Begin(writer);
        foreach (int pfn in pfns)
        {
            builder.WritePages(new Pfn(pfn), page);
        }

        builder.Commit();
    }

    private static EpochBuilder Begin(CheckpointWriter writer) =>
        writer.BeginEpoch(new EpochOptions { Parent = writer.Newest, PageCount = 4 * Run });
}
