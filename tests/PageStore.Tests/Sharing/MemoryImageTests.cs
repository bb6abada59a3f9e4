using Xunit;

namespace PageStore.Tests.Sharing;

/// <summary>What a fork, a write and the end of an image cost, one at a time.</summary>
public sealed class MemoryImageTests : IDisposable
{
    private const int Block = 512;
    private const int BlocksPerPage = PageSizes.Default / Block;

    private readonly PageFramePool _pool = new(new PageFramePoolOptions { BlockSize = Block });

    public void Dispose() => _pool.Dispose();

    [Fact]
    public void A_fork_costs_a_count_and_nothing_else()
    {
        using MemoryImage image = Filled(_pool, 1000);
        PageFrameStatistics before = _pool.GetStatistics();
        using MemoryImage fork = image.Fork();
        Assert.Equal(before with { Images = 2 }, _pool.GetStatistics());
        Assert.Equal((0, 0), (fork.OwnedBlocks, fork.OwnedBytes));
        Assert.Equal(image.PageCount, fork.PageCount);
        Assert.Equal(image.PageSize, fork.PageSize);
    }

    [Theory]
    [InlineData(0, 1, 1)]
    [InlineData(511, 1, 1)]
    [InlineData(511, 2, 2)]
    [InlineData(512, 512, 1)]
    [InlineData(100, 1024, 3)]
    [InlineData(0, 4096, 8)]
    [InlineData(77, 0, 0)]
    public void A_write_breaks_the_sharing_of_the_blocks_that_it_touches(int offset, int length, int blocks)
    {
        using MemoryImage image = Filled(_pool, 64);
        using MemoryImage fork = image.Fork();
        long before = _pool.GetStatistics().Frames;
        fork.Write(new Pfn(9), offset, Bytes(length, 0xFE));
        Assert.Equal(before + blocks, _pool.GetStatistics().Frames);
        Assert.Equal((blocks, blocks * Block), (fork.OwnedBlocks, fork.OwnedBytes));
        byte[] expected = Page(9);
        Assert.Equal(expected, Read(image, 9));
        Bytes(length, 0xFE).CopyTo(expected, offset);
        Assert.Equal(expected, Read(fork, 9));
        Assert.Equal(blocks > 0 ? [9L] : [], Owned(fork));
    }

    [Fact]
    public void A_block_that_its_image_has_alone_is_written_in_place()
    {
        using MemoryImage image = Filled(_pool, 64);
        PageFrameStatistics before = _pool.GetStatistics();
        image.Write(new Pfn(3), 10, [1, 2, 3]);
        Assert.Equal(before, _pool.GetStatistics());
    }

    [Fact]
    public void What_is_written_with_the_bytes_it_has_stays_shared()
    {
        using MemoryImage image = Filled(_pool, 64);
        using MemoryImage fork = image.Fork();
        PageFrameStatistics before = _pool.GetStatistics();
        fork.Write(new Pfn(5), Page(5));
        Assert.Equal(before, _pool.GetStatistics());
        Assert.Equal(0, fork.OwnedBlocks);

        byte[] page = Page(5);
        page[4095] ^= 1;
        fork.Write(new Pfn(5), page);
        Assert.Equal(before.Frames + 1, _pool.GetStatistics().Frames);
        Assert.Equal(1, fork.OwnedBlocks);
    }

    [Fact]
    public void Zeros_cost_nothing_and_give_frames_back()
    {
        using var image = new MemoryImage(_pool, 1L << 40);
        image.Write(new Pfn(1L << 39), new byte[PageSizes.Default]);
        Assert.Equal((0, 0), (_pool.GetStatistics().Nodes, _pool.GetStatistics().Frames));

        image.Write(new Pfn(7), 0, Bytes(Block, 1));
        image.Write(new Pfn(7), 1, new byte[Block - 1]);
        Assert.Equal((1, Block), (_pool.GetStatistics().Frames, image.OwnedBytes));
        image.Write(new Pfn(7), 0, [0]);
        Assert.Equal(0, _pool.GetStatistics().Frames);
        Assert.Equal((1, 0), (image.OwnedBlocks, image.OwnedBytes));
        Assert.Equal([7L], Owned(image));
    }

    [Fact]
    public void What_is_owned_does_not_depend_on_what_becomes_of_others()
    {
        MemoryImage image = Filled(_pool, 200);
        using MemoryImage fork = image.Fork();
        fork.Write(new Pfn(150), 0, [9]);
        MemoryImage forkOfFork = fork.Fork();
        forkOfFork.Write(new Pfn(1), 0, [9]);
        fork.Write(new Pfn(2), 0, [9]);
        Assert.Equal([1L], Owned(forkOfFork));
        Assert.Equal([2L, 150L], Owned(fork));
        image.Dispose();
        forkOfFork.Dispose();
        Assert.Equal([2L, 150L], Owned(fork));
        Assert.Equal(2, fork.OwnedBlocks);

        // It has all frames alone now; what it writes in place becomes its own by that.
        fork.Write(new Pfn(3), 0, Page(3));
        Assert.Equal([2L, 150L], Owned(fork));
        fork.Write(new Pfn(3), 0, [9]);
        Assert.Equal([2L, 3L, 150L], Owned(fork));
        OwnershipAudit.Check(_pool, [fork]);
    }

    [Fact]
    public void To_drop_an_image_gives_back_what_it_had_alone()
    {
        MemoryImage image = Filled(_pool, 200);
        PageFrameStatistics before = _pool.GetStatistics();
        MemoryImage fork = image.Fork();
        fork.Write(new Pfn(150), Bytes(PageSizes.Default, 9));
        fork.Dispose();
        Assert.Equal(before, _pool.GetStatistics());
        fork = image.Fork();
        image.Dispose();
        Assert.Equal(before, _pool.GetStatistics());
        Assert.Equal(Page(150), Read(fork, 150));
        fork.Dispose();
        MemoryImageModelTests.AssertEmpty(_pool);
    }

    [Fact]
    public void To_dispose_twice_is_harmless_and_to_use_what_is_disposed_is_an_error()
    {
        MemoryImage image = Filled(_pool, 10);
        using MemoryImage fork = image.Fork();
        image.Dispose();
        image.Dispose();
        Assert.Equal(1, _pool.GetStatistics().Images);
        OwnershipAudit.Check(_pool, [fork]);
        byte[] page = new byte[PageSizes.Default];
        using var owned = new PageBitmap(10);
        Assert.Throws<ObjectDisposedException>(() => image.Read(new Pfn(0), page));
        Assert.Throws<ObjectDisposedException>(() => image.Read(new Pfn(0), 0, page));
        Assert.Throws<ObjectDisposedException>(() => image.Write(new Pfn(0), page));
        Assert.Throws<ObjectDisposedException>(() => image.Write(new Pfn(0), 0, page));
        Assert.Throws<ObjectDisposedException>(() => image.CopyPages(new Pfn(0), page, new GuestPageType[1]));
        Assert.Throws<ObjectDisposedException>(() => image.AddOwnedPages(owned));
        Assert.Throws<ObjectDisposedException>(image.Fork);
    }

    [Fact]
    public void Without_room_a_write_says_so_and_changes_nothing()
    {
        using var pool = new PageFramePool(new PageFramePoolOptions { BlockSize = Block, Capacity = 12 * Block });
        using var image = new MemoryImage(pool, 10);
        image.Write(new Pfn(0), Page(0));
        PageFrameStatistics before = pool.GetStatistics();
        CapacityException full = Assert.Throws<CapacityException>(() => image.Write(new Pfn(1), Page(1)));
        Assert.Contains("8 more frames of 512 bytes are needed; 8 are in use, and the pool may have 12", full.Message, StringComparison.Ordinal);
        Assert.Equal(before, pool.GetStatistics());
        Assert.Equal(new byte[PageSizes.Default], Read(image, 1));
        Assert.Equal(BlocksPerPage, image.OwnedBlocks);

        using (MemoryImage fork = image.Fork())
        {
            Assert.Throws<CapacityException>(() => fork.Write(new Pfn(0), Bytes(PageSizes.Default, 3)));
            Assert.Equal(Page(0), Read(fork, 0));
            fork.Write(new Pfn(0), 0, Bytes(4 * Block, 3));
            fork.Write(new Pfn(0), 4 * Block, new byte[4 * Block]);
        }

        image.Write(new Pfn(1), 0, Bytes(4 * Block, 3));
        Assert.Equal(12 * Block, pool.GetStatistics().FrameBytes);
        Assert.Equal(Page(0), Read(image, 0));
    }

    [Fact]
    public void A_page_in_many_leaves_is_written_altogether_or_not_at_all()
    {
        using var pool = new PageFramePool(new PageFramePoolOptions { BlockSize = 64, Capacity = 64 * 200 });
        using var image = new MemoryImage(pool, 2, PageSizes.Max);
        Assert.Throws<CapacityException>(() => image.Write(new Pfn(1), Bytes(PageSizes.Max, 1)));
        Assert.Equal((0, 0), (pool.GetStatistics().Frames, pool.GetStatistics().Nodes));
        image.Write(new Pfn(1), 300, Bytes(64 * 190, 1));
        OwnershipAudit.Check(pool, [image]);
    }

    [Fact]
    public void An_image_is_the_memory_of_a_guest()
    {
        using MemoryImage image = Filled(_pool, 70);
        IGuestMemory guest = image;
        byte[] pages = new byte[5 * PageSizes.Default];
        var types = new GuestPageType[5];
        types.AsSpan().Fill(GuestPageType.Broken);
        guest.CopyPages(new Pfn(61), pages, types);
        Assert.Equal(Enumerable.Range(61, 5).SelectMany(Page), pages);
        Assert.All(types, type => Assert.Equal(GuestPageType.Normal, type));
        guest.CopyPages(new Pfn(70), [], []);
        Assert.Throws<ArgumentOutOfRangeException>(() => guest.CopyPages(new Pfn(66), pages, types));
        Assert.Throws<ArgumentOutOfRangeException>(() => guest.CopyPages(new Pfn(0), pages, types.AsSpan(1)));
    }

    [Fact]
    public void What_lies_outside_is_refused()
    {
        using var image = new MemoryImage(_pool, 3);
        byte[] page = Page(1);
        using var small = new PageBitmap(2);
        Assert.Throws<ArgumentOutOfRangeException>(() => image.Write(new Pfn(3), page));
        Assert.Throws<ArgumentOutOfRangeException>(() => image.Write(new Pfn(-1), page));
        Assert.Throws<ArgumentOutOfRangeException>(() => image.Write(new Pfn(long.MaxValue), page));
        Assert.Throws<ArgumentOutOfRangeException>(() => image.Write(new Pfn(0), page.AsSpan(1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => image.Write(new Pfn(0), 1, page));
        Assert.Throws<ArgumentOutOfRangeException>(() => image.Write(new Pfn(0), -1, page.AsSpan(0, 1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => image.Read(new Pfn(3), page));
        Assert.Throws<ArgumentOutOfRangeException>(() => image.Read(new Pfn(0), page.AsSpan(1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => image.Read(new Pfn(0), 4096, page.AsSpan(0, 1)));
        Assert.Throws<ArgumentException>(() => image.AddOwnedPages(small));
        Assert.Throws<ArgumentOutOfRangeException>(() => new MemoryImage(_pool, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new MemoryImage(_pool, (1L << 40) + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new MemoryImage(_pool, 1, 512));
        Assert.Equal(1, _pool.GetStatistics().Images);
        Assert.Equal(0, _pool.GetStatistics().Frames);
    }

    [Fact]
    public void Reading_and_writing_in_place_allocate_nothing()
    {
        using MemoryImage image = Filled(_pool, 300);
        byte[] page = Page(1);
        var types = new GuestPageType[1];
        use();
        long before = GC.GetAllocatedBytesForCurrentThread();
        use();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void use()
        {
            for (int pfn = 0; pfn < 300; pfn++)
            {
                image.Write(new Pfn(pfn), page);
                image.Write(new Pfn(pfn), 600, page.AsSpan(0, 700));
                image.Read(new Pfn(pfn), page);
                image.CopyPages(new Pfn(pfn), page, types);
            }
        }
    }

    internal static MemoryImage Filled(PageFramePool pool, int pages)
    {
        var image = new MemoryImage(pool, pages);
        for (int page = 0; page < pages; page++)
        {
            image.Write(new Pfn(page), Page(page));
        }

        return image;
    }

    /// <summary>A page without a byte of zero.</summary>
    private static byte[] Page(int page) => [.. Enumerable.Range(0, PageSizes.Default).Select(at => (byte)(1 + ((page + at) % 250)))];

    private static byte[] Bytes(int length, byte value)
    {
        byte[] bytes = new byte[length];
        Array.Fill(bytes, value);
        return bytes;
    }

    private static byte[] Read(MemoryImage image, long page)
    {
        byte[] bytes = new byte[image.PageSize];
        image.Read(new Pfn(page), bytes);
        return bytes;
    }

    private static List<long> Owned(MemoryImage image)
    {
        using var owned = new PageBitmap(image.PageCount);
        image.AddOwnedPages(owned);
        var pages = new List<long>();
        foreach (Pfn page in owned.SetBits())
        {
            pages.Add(page.Value);
        }

        return pages;
    }
}
