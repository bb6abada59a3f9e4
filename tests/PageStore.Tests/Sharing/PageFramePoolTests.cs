using Xunit;

namespace PageStore.Tests.Sharing;

/// <summary>Slabs come and go, and a pool ends behind its images.</summary>
public class PageFramePoolTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(32)]
    [InlineData(96)]
    [InlineData(8192)]
    public void A_block_is_a_power_of_two_from_64_to_4096_bytes(int blockSize) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new PageFramePool(new PageFramePoolOptions { BlockSize = blockSize }));

    [Fact]
    public void A_capacity_has_room_for_a_block() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new PageFramePool(new PageFramePoolOptions { Capacity = 511 }));

    [Fact]
    public void A_pool_is_not_disposed_under_its_images()
    {
        var pool = new PageFramePool();
        MemoryImage image = MemoryImageTests.Filled(pool, 3);
        MemoryImage fork = image.Fork();
        image.Dispose();
        InvalidOperationException live = Assert.Throws<InvalidOperationException>(pool.Dispose);
        Assert.Contains("1 image(s)", live.Message, StringComparison.Ordinal);
        fork.Write(new Pfn(1), 0, [7]);
        OwnershipAudit.Check(pool, [fork]);
        fork.Dispose();
        pool.Dispose();
        pool.Dispose();
        fork.Dispose();
        Assert.Equal(default, pool.GetStatistics());
        Assert.Throws<ObjectDisposedException>(() => new MemoryImage(pool, 1));
        Assert.Throws<ObjectDisposedException>(() => new MemoryImage(pool, 1));
        pool.Dispose();
    }

    [Fact]
    public void Slabs_that_become_empty_are_given_back_but_one()
    {
        // 4 frames a slab: a page of 8 blocks fills two.
        using var pool = new PageFramePool(new PageFramePoolOptions { BlockSize = 512, SlabShift = 11 });
        using var kept = new MemoryImage(pool, 1);
        kept.Write(new Pfn(0), 0, [1]);
        for (int round = 0; round < 3; round++)
        {
            using (MemoryImage image = MemoryImageTests.Filled(pool, 10))
            {
                Assert.Equal((81, 21), (pool.GetStatistics().Frames, pool.GetStatistics().Slabs));
                using MemoryImage second = MemoryImageTests.Filled(pool, 20);
                Assert.Equal((241, 61, 61L << 11), (pool.GetStatistics().Frames, pool.GetStatistics().Slabs, pool.GetStatistics().SlabBytes));
                OwnershipAudit.Check(pool, [kept, image, second]);
            }

            Assert.Equal((1, 2), (pool.GetStatistics().Frames, pool.GetStatistics().Slabs));
        }
    }

    [Fact]
    public void Frames_come_from_the_lowest_slab_with_room()
    {
        using var pool = new PageFramePool(new PageFramePoolOptions { BlockSize = 512, SlabShift = 11 });
        using MemoryImage low = MemoryImageTests.Filled(pool, 4);
        using MemoryImage high = MemoryImageTests.Filled(pool, 4);
        low.Write(new Pfn(1), 512, new byte[512]);
        high.Write(new Pfn(1), 512, new byte[512]);
        Assert.Equal((62, 16), (pool.GetStatistics().Frames, pool.GetStatistics().Slabs));
        high.Write(new Pfn(1), 512, [1]);
        FrameSlab slab = ((LeafNode)high.Root!)[9].Locate(pool.Slabs, out _);
        Assert.Equal(2, slab.Number);
    }

    [Fact]
    public void An_option_of_nothing_is_the_default()
    {
        using var pool = new PageFramePool();
        Assert.Equal(512, pool.BlockSize);
        Assert.Equal(default, pool.GetStatistics());
        using var image = new MemoryImage(pool, 1);
        image.Write(new Pfn(0), 5, [1]);
        Assert.Equal((1, 2 << 20), (pool.GetStatistics().Slabs, pool.GetStatistics().SlabBytes));
    }
}
