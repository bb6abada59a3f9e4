using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>What a prune gives back, and what it takes for that, on media that are full, fail, or are being read.</summary>
public sealed class SpaceReturnerTests : IDisposable
{
    private const int PageSize = 4096;
    private const int SegmentSize = 1 << 17;
    private const int Pages = 4000;

    private readonly MemoryFile _file = new();
    private readonly MeteredStorage _storage;
    private readonly CheckpointWriter _writer;

    public SpaceReturnerTests()
    {
        _storage = new MeteredStorage(_file);
        _writer = CheckpointWriter.Create(_storage, new CheckpointWriterOptions { SegmentSize = SegmentSize, Durability = Durability.SurvivesProcessCrash });
    }

    public void Dispose() => _writer.Dispose();

    [Fact]
    public void A_full_disk_gets_its_space_back_and_the_writer_goes_on()
    {
        Write(null, Enumerable.Range(0, Pages));
        Write(1, Scattered());
        long before = _storage.Allocated;
        _storage.Capacity = before + (64 << 10);

        PruneReport report = _writer.Prune(new PrunePolicy { KeepLast = 1 });
        Assert.InRange(report.ReturnedBytes, report.DeadBytes * 9 / 10, report.DeadBytes);
        Assert.InRange(before - _storage.Allocated, report.DeadBytes * 9 / 10, report.DeadBytes);
        Write(2, Enumerable.Range(0, 100));
        AssertSound();
    }

    [Fact]
    public void Segments_with_state_in_them_are_emptied_too_and_only_once()
    {
        Write(null, [0], sectionBytes: 100_000);
        for (int epoch = 2; epoch <= 60; epoch++)
        {
            Write(epoch - 1, [epoch], sectionBytes: 100_000);
        }

        long before = _storage.Allocated;
        PruneReport report = _writer.Prune(new PrunePolicy { KeepEvery = 10 });
        Assert.InRange(before - _storage.Allocated, report.DeadBytes * 8 / 10, report.DeadBytes * 11 / 10);
        using (CheckpointReader reader = CheckpointReader.Open(new MemoryStorage(_file)))
        {
            foreach (EpochInfo info in reader.Epochs())
            {
                using Epoch epoch = reader.OpenEpoch(info.Id);
                using var content = new MemoryStream();
                epoch.OpenState("state").CopyTo(content);
                Assert.Equal(StateOf(info.Id.Value, 100_000), content.ToArray());
            }
        }

        long written = _storage.Written;
        Assert.Equal(0, _writer.Prune(new PrunePolicy { KeepEvery = 10 }).ReturnedBytes);
        Assert.InRange(_storage.Written - written, 0, 32 << 10);
        AssertSound();
    }

    [Fact]
    public void What_branches_share_moves_once()
    {
        Write(null, [0]);
        Write(1, Enumerable.Range(1, 499));
        for (int i = 0; i < 10; i++)
        {
            Write(2, Enumerable.Range(1, 499).Where(k => k % 5 < 3));
        }

        long before = _storage.Allocated;
        PruneReport report = _writer.Prune(new PrunePolicy { KeepIf = id => id.Value != 2 });
        Assert.InRange(before - _storage.Allocated, report.DeadBytes * 7 / 10, report.DeadBytes);
        AssertSound();
    }

    [Fact]
    public void A_reader_that_comes_meanwhile_keeps_what_it_reads_and_the_rest_stays()
    {
        Write(null, Enumerable.Range(0, Pages));
        Write(1, Scattered());
        Write(2, [1]);
        int calls = 0;
        long first = 0;
        _storage.Held = limit => ++calls < 6 ? first = limit : Math.Min(limit, first);
        long before = _storage.Allocated;

        // Room for a few segments at once: there would be more to do.
        _storage.Capacity = before + (4 << 20);
        Assert.True(_writer.Prune(new PrunePolicy { KeepLast = 1 }).IsHeldByReaders);
        Assert.InRange(_storage.Allocated, 0, before + (3 << 20));

        _storage.Held = limit => limit;
        PruneReport later = _writer.Prune(new PrunePolicy { KeepLast = 1 });
        Assert.False(later.IsHeldByReaders);
        Assert.InRange(_storage.Allocated, 0, before * 7 / 10);
        AssertSound();
    }

    [Fact]
    public void A_page_that_cannot_be_read_stays_where_it_is()
    {
        Write(null, Enumerable.Range(0, Pages));
        Write(1, Scattered());
        TreeCursor cursor = _writer.OpenEpoch(new EpochId(2)).BindCursor(new Pfn(3));
        _storage.BadOffset = cursor.Get(3).Offset;
        Epoch.ReturnCursor(cursor);

        long before = _storage.Allocated;
        PruneReport report = _writer.Prune(new PrunePolicy { KeepLast = 1 });
        Assert.InRange(before - _storage.Allocated, report.DeadBytes * 9 / 10, report.DeadBytes);
        _storage.BadOffset = -1;
        AssertSound();
    }

    [Fact]
    public void Few_dead_pages_are_not_worth_new_tables_for_many_epochs()
    {
        Write(null, Enumerable.Range(0, Pages));
        for (int epoch = 2; epoch <= 300; epoch++)
        {
            Write(epoch - 1, Enumerable.Range(0, 6).Select(k => ((epoch * 6) + k) * 509 % Pages));
        }

        long written = _storage.Written;
        PruneReport report = _writer.Prune(new PrunePolicy { KeepIf = id => id.Value != 1 });
        Assert.InRange(_storage.Written - written, 0, 64 << 10);
        Assert.InRange(report.ReturnedBytes, report.DeadBytes * 8 / 10, report.DeadBytes);
        AssertSound();
    }

    /// <summary>Nine of sixteen pages: what is left of the others is in every segment.</summary>
    private static IEnumerable<int> Scattered() => Enumerable.Range(0, Pages).Where(pfn => pfn % 16 > 6);

    private static byte[] StateOf(long epoch, int bytes)
    {
        byte[] state = new byte[bytes];
        new Random((int)epoch).NextBytes(state);
        return state;
    }

    private void Write(long? parent, IEnumerable<int> pfns, int sectionBytes = 0)
    {
        using EpochBuilder builder = _writer.BeginEpoch(new EpochOptions { Parent = parent is { } id ? new EpochId(id) : null, PageCount = Pages });
        byte[] page = new byte[PageSize];
        foreach (int pfn in pfns.Distinct())
        {
            new Random((int)(builder.Id.Value * Pages) + pfn).NextBytes(page);
            builder.WritePages(new Pfn(pfn), page);
        }

        if (sectionBytes > 0)
        {
            builder.AddState("state", new MemoryStream(StateOf(builder.Id.Value, sectionBytes)));
        }

        builder.Commit();
    }

    private void AssertSound()
    {
        using CheckpointReader reader = CheckpointReader.Open(new MemoryStorage(_file));
        Assert.Empty(reader.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken).Damage);
    }
}
