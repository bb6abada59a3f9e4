using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>What an attacker does to the file at rest: swap, replay, roll back. All without the key.</summary>
public sealed class SealTests
{
    private const int BlockBytes = 4096 + SealedBlock.Overhead;

    /// <summary>The first block of the file is the first page that was written.</summary>
    private const int FirstBlock = (int)Layout.SegmentsOffset;

    [Fact]
    public void Swapped_pages_do_not_open()
    {
        byte[] file = Write(new MemoryFile(), HistoryPages.Random(4, 1)).ToArray();
        Assert.Equal(0, Damaged(file));
        Span<byte> first = file.AsSpan(FirstBlock, BlockBytes);
        Span<byte> second = file.AsSpan(FirstBlock + BlockBytes, BlockBytes);
        byte[] kept = first.ToArray();
        second.CopyTo(first);
        kept.CopyTo(second);
        Assert.Equal(2, Damaged(file));
    }

    [Fact]
    public void The_same_content_is_sealed_differently_each_time()
    {
        byte[] page = HistoryPages.Random(1, 2);
        byte[] file = Write(new MemoryFile(), [.. page, .. page]).ToArray();
        byte[] again = Write(new MemoryFile(), [.. page, .. page]).ToArray();
        ReadOnlySpan<byte> first = file.AsSpan(FirstBlock + SealedBlock.HeadSize, page.Length);
        Assert.False(first.SequenceEqual(file.AsSpan(FirstBlock + BlockBytes + SealedBlock.HeadSize, page.Length)));
        Assert.False(first.SequenceEqual(again.AsSpan(FirstBlock + SealedBlock.HeadSize, page.Length)));
    }

    [Fact]
    public void An_earlier_block_of_the_same_place_and_page_is_refused()
    {
        // Two writers go on from the same file and write page 0 to the same place: one as the file continues, one in a copy.
        MemoryFile common = Write(new MemoryFile(), HistoryPages.Random(1, 3));
        byte[] one = Write(new MemoryFile(common.ToArray()), HistoryPages.Random(1, 4)).ToArray();
        byte[] other = Write(new MemoryFile(common.ToArray()), HistoryPages.Random(1, 5)).ToArray();
        Assert.Equal(SealedBlock.HeadSize, one.AsSpan(FirstBlock + BlockBytes).CommonPrefixLength(other.AsSpan(FirstBlock + BlockBytes)));
        other.AsSpan(FirstBlock + BlockBytes, BlockBytes).CopyTo(one.AsSpan(FirstBlock + BlockBytes));
        Assert.Equal(1, Damaged(one));
    }

    public static TheoryData<byte[], byte[]> Replays
    {
        get
        {
            byte[] page = HistoryPages.Random(1, 6);
            (byte[] one, byte[] two) = EqualSums.TwoPages();
            return new() { { page, HistoryPages.Random(1, 7) }, { one, two }, { page, page } };
        }
    }

    /// <summary>Both blocks open there: only the entry can tell them apart, also where their contents have one XXH3, or are the same.</summary>
    [Theory]
    [MemberData(nameof(Replays))]
    public void An_earlier_block_of_the_same_session_is_refused_by_its_sum(byte[] earlier, byte[] later)
    {
        var file = new MemoryFile();
        using CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(file), TestKeys.Writer);
        byte[] abandoned = WriteAndAbandon(writer, file, earlier);
        using (EpochBuilder epoch = writer.BeginEpoch())
        {
            epoch.WritePages(new Pfn(0), later);
            epoch.Commit();
        }

        byte[] bytes = file.ToArray();
        Assert.Equal(0, Damaged(bytes));
        abandoned.CopyTo(bytes, FirstBlock);
        using var reader = CheckpointReader.Open(new BytesStorage(bytes, bytes.Length), TestKeys.Reader);
        CorruptDataException refused = Assert.Throws<CorruptDataException>(() => reader.OpenNewest().ReadPage(new Pfn(0), new byte[4096]));
        Assert.Contains("sum", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rolled_back_slots_are_an_older_file_which_the_root_hash_tells_apart()
    {
        MemoryFile file = Write(new MemoryFile(), HistoryPages.Random(1, 8));
        byte[] before = file.ToArray();
        Write(file, HistoryPages.Random(1, 9));
        byte[] bytes = file.ToArray();
        string root;
        using (var reader = CheckpointReader.Open(new BytesStorage(bytes, bytes.Length), TestKeys.Reader))
        {
            Assert.Equal(2, reader.EpochCount);
            root = reader.RootHash;
        }

        foreach (int slot in new[] { 0, 1 })
        {
            int offset = (int)Layout.SlotOffset(slot, 0);
            before.AsSpan(offset, 2 * Layout.SlotSize).CopyTo(bytes.AsSpan(offset));
        }

        using (var older = CheckpointReader.Open(new BytesStorage(bytes, bytes.Length), TestKeys.Reader))
        {
            Assert.Equal(1, older.EpochCount);
            Assert.NotEqual(root, older.RootHash);
        }

        Assert.Throws<CorruptDataException>(() => CheckpointReader.Open(new BytesStorage(bytes, bytes.Length), TestKeys.Reader with { ExpectedRoot = root }));
        Assert.Throws<CorruptDataException>(() => CheckpointWriter.Open(new MemoryStorage(new MemoryFile(bytes)), TestKeys.Writer with { ExpectedRoot = root }));
    }

    [Fact]
    public void A_writer_that_only_prunes_leaves_its_session_behind()
    {
        MemoryFile file = Write(Write(new MemoryFile(), HistoryPages.Random(1, 12)), HistoryPages.Random(1, 13));
        using (CheckpointWriter writer = CheckpointWriter.Open(new MemoryStorage(file), TestKeys.Writer))
        {
            Assert.Single(writer.Prune(new PrunePolicy { KeepLast = 1 }).Dropped);
        }

        using var reader = CheckpointReader.Open(new MemoryStorage(file), TestKeys.Reader);
        Assert.Equal(1, reader.EpochCount);
        Assert.Empty(reader.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken).Damage);
    }

    [Fact]
    public void A_slot_of_another_file_is_no_root()
    {
        byte[] one = Write(new MemoryFile(), HistoryPages.Random(1, 10)).ToArray();
        byte[] other = Write(new MemoryFile(), HistoryPages.Random(1, 11)).ToArray();
        foreach (int slot in new[] { 0, 1 })
        {
            int offset = (int)Layout.SlotOffset(slot, 0);
            other.AsSpan(offset, 2 * Layout.SlotSize).CopyTo(one.AsSpan(offset));
        }

        Assert.Throws<CorruptDataException>(() => CheckpointReader.Open(new BytesStorage(one, one.Length), TestKeys.Reader));
    }

    [Fact]
    public void A_session_ends_before_its_key_has_sealed_too_much()
    {
        using FileKeys keys = FileKeys.Create(TestKeys.Key, TestKeys.Writer, out _);
        uint sessions = 0;
        var sealer = new BlockSealer(Guid.Empty, () => keys.Sessions.Get(++sessions, new byte[SessionRecord.RandomSize], Guid.Empty));
        SealOne(sealer);
        sealer.Skip((BlockSealer.MaxBlocks / 2) - 2);
        sealer.Renew();
        SealOne(sealer);
        Assert.Equal(1U, sessions);
        sealer.Renew();
        SealOne(sealer);
        Assert.Equal(2U, sessions);
        sealer.Skip(BlockSealer.MaxBlocks - 1);
        Assert.Throws<UnsupportedException>(() => SealOne(sealer));
    }

    private static void SealOne(BlockSealer sealer) => sealer.Seal(new byte[16], new byte[16 + SealedBlock.Overhead], 0, EntryKind.Node, SealedBlock.NoPage);

    private static MemoryFile Write(MemoryFile file, byte[] pages)
    {
        CheckpointWriter Open() => file.Length == 0
            ? CheckpointWriter.Create(new MemoryStorage(file), TestKeys.Writer)
            : CheckpointWriter.Open(new MemoryStorage(file), TestKeys.Writer);
        using CheckpointWriter writer = Open();
        using EpochBuilder epoch = writer.BeginEpoch(new EpochOptions { Parent = writer.Newest });
        epoch.WritePages(new Pfn(0), pages);
        epoch.Commit();
        return file;
    }

    /// <summary>Writes page 0 and forgets it; returns its block, which lies where the next one of page 0 will.</summary>
    private static byte[] WriteAndAbandon(CheckpointWriter writer, MemoryFile file, byte[] page)
    {
        using (EpochBuilder epoch = writer.BeginEpoch())
        {
            epoch.WritePages(new Pfn(0), page);
        }

        return file.Content.Slice(FirstBlock, BlockBytes).ToArray();
    }

    private static int Damaged(byte[] file)
    {
        using var reader = CheckpointReader.Open(new BytesStorage(file, file.Length), TestKeys.Reader);
        return reader.Verify(cancellationToken: TestContext.Current.CancellationToken).Damage.Count;
    }
}
