using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Each content is stored once, a change as what differs, and nothing goes before its last page does.</summary>
public sealed class SharedPagesTests
{
    private const int PageSize = 4096;
    private const int SegmentSize = 1 << 17;

    private readonly MemoryFile _file = new();

    public static TheoryData<bool> Both => [false, true];

    [Theory]
    [MemberData(nameof(Both))]
    public void A_content_is_stored_once_however_many_pages_have_it(bool encrypted)
    {
        using (CheckpointWriter writer = Create(encrypted))
        {
            Write(writer, null, [.. Enumerable.Range(0, 64).Select(pfn => (pfn, Content(pfn % 4)))]);
        }

        // Again by a writer that knows the epoch, and of an encrypted file only what it writes itself.
        using (CheckpointWriter writer = Open(encrypted))
        {
            Write(writer, 1, [(64, Content(1)), (65, Content(1)), (66, Content(9))]);
        }

        using CheckpointReader reader = Read(encrypted);
        Assert.Equal(encrypted ? 6 : 5, PageBlocks(encrypted).Count);
        AssertPages(reader, 2, [.. Enumerable.Range(0, 64).Select(pfn => (pfn, Content(pfn % 4))), (64, Content(1)), (65, Content(1)), (66, Content(9))]);
        Assert.Empty(reader.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken).Damage);
    }

    [Theory]
    [MemberData(nameof(Both))]
    public void A_block_outlives_the_epoch_that_stored_it_as_long_as_another_page_has_it(bool encrypted)
    {
        using CheckpointWriter writer = Create(encrypted);
        Write(writer, null, [(0, Content(1)), (1, Content(2))]);
        Write(writer, 1, [(5, Content(1))]);
        Write(writer, 2, [(0, Content(3))]);
        writer.Prune(new PrunePolicy { KeepLast = 1 });
        using (CheckpointReader reader = Read(encrypted))
        {
            AssertPages(reader, 3, [(0, Content(3)), (1, Content(2)), (5, Content(1))]);
            Assert.Empty(reader.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken).Damage);
        }

        Write(writer, 3, [(5, Content(4))]);
        writer.Prune(new PrunePolicy { KeepLast = 1 });
        using CheckpointReader after = Read(encrypted);
        Assert.Equal(3, PageBlocks(encrypted).Count);
        Assert.Empty(after.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken).Damage);
    }

    [Fact]
    public void A_content_that_came_back_is_one_page_again_when_the_epoch_between_goes()
    {
        using CheckpointWriter writer = Create(encrypted: false);
        Write(writer, null, [(0, Content(1)), (9, Content(7))]);
        Write(writer, 1, [(0, Content(2))]);
        Write(writer, 2, [(0, Content(1))]);
        Write(writer, 3, [(1, Content(8))]);
        foreach (long dropped in (long[])[2, 1, 3])
        {
            writer.Prune(new PrunePolicy { KeepIf = id => id.Value != dropped, ReturnSpace = false });
            using CheckpointReader reader = Read(encrypted: false);
            AssertPages(reader, 4, [(0, Content(1)), (1, Content(8)), (9, Content(7))]);
            Assert.Empty(reader.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken).Damage);
        }

        Write(writer, 4, [(0, Content(5))]);
        writer.Prune(new PrunePolicy { KeepLast = 1, ReturnSpace = false });
        using CheckpointReader last = Read(encrypted: false);
        Assert.Equal(3, PageBlocks(encrypted: false).Count);
        Assert.Empty(last.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken).Damage);
    }

    [Theory]
    [MemberData(nameof(Both))]
    public void A_changed_page_is_a_patch_of_what_is_stored_whole(bool encrypted)
    {
        byte[] page = Content(1);
        using CheckpointWriter writer = Create(encrypted);
        Write(writer, null, [(0, page)]);
        for (int epoch = 1; epoch <= 20; epoch++)
        {
            page = [.. page];
            page[100 * epoch] ^= 0x55;
            Write(writer, epoch, [(0, page)]);
        }

        using CheckpointReader reader = Read(encrypted);
        List<ReachableBlock> blocks = PageBlocks(encrypted);

        // One whole page; behind that patches of it, each with all that differs, until one is too large.
        Assert.InRange(blocks.Count(block => block.Entry.Kind == EntryKind.Patch), 10, 20);
        Assert.All(blocks.Where(block => block.Entry.Kind == EntryKind.Patch), block => Assert.True(block.StoredBytes <= PageSize * 3 / 4));
        AssertPages(reader, 21, [(0, page)]);
        Assert.Empty(reader.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken).Damage);
    }

    [Fact]
    public void A_prune_tells_what_patches_pin_and_emptied_segments_let_go_of_it()
    {
        using CheckpointWriter writer = Create(encrypted: false);
        (int, byte[])[] pages = [.. Enumerable.Range(0, 60).Select(pfn => (pfn, Content(pfn)))];
        Write(writer, null, pages);
        (int, byte[])[] changed = [.. pages.Where((_, pfn) => pfn % 6 == 0).Select(page => (page.Item1, Changed(page.Item2)))];
        Write(writer, 1, [.. Enumerable.Range(0, 60).Where(pfn => pfn % 6 != 0).Select(pfn => (pfn, Content(1000 + pfn))), .. changed]);
        PruneReport report = writer.Prune(new PrunePolicy { KeepLast = 1, ReturnSpace = false });
        Assert.Equal(10 * PageSize, report.PinnedBytes);
        Assert.Equal(10, PageBlocks(encrypted: false).Count(block => block.Entry.Kind == EntryKind.Patch));

        // The segments of the first epoch are mostly dead: what patches stand against is stored whole elsewhere.
        Write(writer, 2, [(70, Content(70))]);
        writer.Prune(new PrunePolicy { KeepLast = 1 });
        using CheckpointReader reader = Read(encrypted: false);
        AssertPages(reader, 3, changed);
        Assert.Empty(reader.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken).Damage);
    }

    /// <summary>Three epochs have patches against one block: the segment of the first two's is emptied, that of the last one's is not.</summary>
    [Theory]
    [MemberData(nameof(Both))]
    public void What_a_patch_stands_against_stays_as_long_as_a_patch_does_however_the_others_move(bool encrypted)
    {
        using CheckpointWriter writer = Create(encrypted);
        (int, byte[])[] whole = [.. Enumerable.Range(0, 2 * SegmentSize / PageSize).Select(pfn => (pfn, Content(pfn)))];
        Write(writer, null, whole);
        (int, byte[]) first = (0, Changed(Content(0)));

        // More than fills the segment of the patch, and dies.
        Write(writer, 1, [first, .. Enumerable.Range(500, 3 * SegmentSize / PageSize).Select(pfn => (pfn, Half(pfn)))]);
        Write(writer, 2, [.. Enumerable.Range(500, 3 * SegmentSize / PageSize).Select(pfn => (pfn, new byte[PageSize]))]);
        (int, byte[]) second = (0, Changed(first.Item2, 200));
        Write(writer, 3, [(1, Content(1001))]);
        Write(writer, 4, [second]);
        writer.Prune(new PrunePolicy { KeepLast = 3 });
        using (CheckpointReader reader = Read(encrypted))
        {
            AssertPages(reader, 3, [.. whole[1..], first]);
            AssertPages(reader, 4, [.. whole[2..], first]);
            AssertPages(reader, 5, [.. whole[2..], second]);
            Assert.Empty(reader.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken).Damage);
        }

        writer.Prune(new PrunePolicy { KeepLast = 1 });
        Write(writer, 5, [.. Enumerable.Range(600, 2 * SegmentSize / PageSize).Select(pfn => (pfn, Content(pfn)))]);
        using CheckpointReader after = Read(encrypted);
        AssertPages(after, 6, [.. whole[2..], second]);
        Assert.Empty(after.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken).Damage);
    }

    [Fact]
    public void Equal_sums_are_not_taken_for_equal_content()
    {
        (byte[] first, byte[] second) = EqualSums.TwoPages();
        using CheckpointWriter writer = Create(encrypted: false);
        Write(writer, null, [(0, first), (1, second), (2, first)]);
        using CheckpointReader reader = Read(encrypted: false);
        AssertPages(reader, 1, [(0, first), (1, second), (2, first)]);
    }

    [Fact]
    public void What_an_abandoned_epoch_stored_is_not_found_later()
    {
        using CheckpointWriter writer = Create(encrypted: false);
        Write(writer, null, [(0, Content(1))]);
        using (EpochBuilder builder = writer.BeginEpoch(new EpochOptions { Parent = new EpochId(1) }))
        {
            builder.WritePages(new Pfn(3), Content(2));
        }

        Write(writer, 1, [(3, Content(9)), (4, Content(2)), (5, Content(1))]);
        using CheckpointReader reader = Read(encrypted: false);
        AssertPages(reader, 2, [(0, Content(1)), (3, Content(9)), (4, Content(2)), (5, Content(1))]);
        Assert.Empty(reader.VerifyDeep(cancellationToken: TestContext.Current.CancellationToken).Damage);
    }

    [Fact]
    public void Files_without_shared_or_patched_pages_need_no_feature()
    {
        using CheckpointWriter writer = Create(encrypted: false);
        Write(writer, null, [(0, Content(1)), (1, Content(2))]);
        Assert.Equal(0UL, writer.Root.Slot.RequiredFeatures);
        Write(writer, 1, [(2, Content(2))]);
        Assert.Equal(FormatFeatures.SharedBlocks, writer.Root.Slot.RequiredFeatures);
        Write(writer, 2, [(0, Changed(Content(1)))]);
        Assert.Equal(FormatFeatures.SharedBlocks | FormatFeatures.Patches, writer.Root.Slot.RequiredFeatures);
    }

    private CheckpointWriter Create(bool encrypted) => CheckpointWriter.Create(new MemoryStorage(_file), Options(encrypted));

    private CheckpointWriter Open(bool encrypted) => CheckpointWriter.Open(new MemoryStorage(_file), Options(encrypted));

    private CheckpointReader Read(bool encrypted) =>
        CheckpointReader.Open(new MemoryStorage(_file), new CheckpointReaderOptions { Key = encrypted ? TestKeys.Key : null });

    private static CheckpointWriterOptions Options(bool encrypted) =>
        new() { SegmentSize = SegmentSize, Sharing = new SharingOptions(), Codec = PageCodecs.Lz4, Key = encrypted ? TestKeys.Key : null };

    private static void Write(CheckpointWriter writer, long? parent, (int Pfn, byte[] Content)[] pages)
    {
        using EpochBuilder builder = writer.BeginEpoch(new EpochOptions { Parent = parent is { } id ? new EpochId(id) : null });
        foreach ((int pfn, byte[] content) in pages)
        {
            builder.WritePages(new Pfn(pfn), content);
        }

        builder.Commit();
    }

    private static byte[] Content(int seed)
    {
        byte[] page = new byte[PageSize];
        new Random(seed).NextBytes(page);
        return page;
    }

    /// <summary>Half of it packs.</summary>
    private static byte[] Half(int seed)
    {
        byte[] page = Content(seed);
        page.AsSpan(PageSize / 2).Clear();
        return page;
    }

    private static byte[] Changed(byte[] page, int at = 17)
    {
        byte[] changed = [.. page];
        changed[at] ^= 1;
        changed[3000] ^= 2;
        return changed;
    }

    private List<ReachableBlock> PageBlocks(bool encrypted)
    {
        var storage = new MemoryStorage(_file);
        var root = FileRoot.Find(storage, FileRoot.OpenHeader(storage, encrypted ? TestKeys.Key : null));
        return [.. ReachableBlocks.List(root).Where(block => block.Kind == BlockKind.Page)];
    }

    private static void AssertPages(CheckpointReader reader, long epoch, (int Pfn, byte[] Content)[] pages)
    {
        using Epoch read = reader.OpenEpoch(new EpochId(epoch));
        byte[] page = new byte[PageSize];
        foreach ((int pfn, byte[] content) in pages)
        {
            read.ReadPage(new Pfn(pfn), page);
            Assert.True(page.AsSpan().SequenceEqual(content), $"page {pfn}");
        }
    }
}
