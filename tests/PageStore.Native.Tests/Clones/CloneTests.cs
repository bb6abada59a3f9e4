using System.Runtime.CompilerServices;
using FsCheck.Xunit;

namespace PageStore.Native.Tests;

/// <summary>Clones of one base against plain copies of its bytes: what each reads, what each owns, and what it takes.</summary>
public sealed class CloneTests
{
    /// <summary>More than two batches of a pagemap, and no multiple of one or of a word.</summary>
    private const int Pages = 2500;

    private static int PageSize => Environment.SystemPageSize;

    [Property(MaxTest = 60)]
    public void Clones_are_copies_that_do_not_know_of_each_other(CloneStep[] steps)
    {
        byte[] content = Content(Pages / 8);
        using CloneBase source = Filled(content);
        var clones = new List<TwinClone>();
        try
        {
            foreach (CloneStep step in steps)
            {
                step.Apply(source, content, clones);
            }

            Assert.All(clones, clone => clone.AssertSame());
            Assert.True(ImageOf(source).AsSpan().SequenceEqual(content), "the base has changed");
        }
        finally
        {
            clones.ForEach(clone => clone.Dispose());
        }
    }

    [Fact]
    public void Reading_makes_nothing_own_and_each_way_of_writing_does()
    {
        using CloneBase source = Filled(Content(Pages));
        using MemoryClone clone = source.MapClone();
        _ = ImageOf(clone.Memory);
        Assert.Empty(OwnOf(clone));

        var guest = new Guest(clone.Memory);
        guest.Access(3, 4, AccessKind.Read);
        guest.Access(100, 70, AccessKind.Write);
        guest.Access(1024, 1, AccessKind.ReadThenWrite);
        guest.WriteFromKernel(Pages - 1);
        Span<byte> same = clone.Memory.GetPage(new Pfn(64));
        same[0] = same[0];
        Assert.Equal([64, .. guest.Written.Order()], OwnOf(clone));
        Assert.False(clone.Memory.IsShared);
        Assert.Null(clone.Memory.File);
    }

    /// <summary>Discarded memory is what is behind it.</summary>
    [Fact]
    public unsafe void What_is_given_up_is_the_bases_again()
    {
        byte[] content = Content(8);
        using CloneBase source = Filled(content);
        using MemoryClone clone = source.MapClone();
        clone.Memory.GetSpan(0, 8 * PageSize).Fill(7);
        Assert.Equal(Enumerable.Range(0, 8).Select(page => (long)page), OwnOf(clone));

        fixed (byte* page = clone.Memory.GetPage(new Pfn(5)))
        {
            Libc.Check(Libc.madvise(page, (nuint)PageSize, Libc.MadvDontNeed), "madvise");
        }

        Assert.Equal([0, 1, 2, 3, 4, 6, 7], OwnOf(clone));
        Assert.True(clone.Memory.GetPage(new Pfn(5)).SequenceEqual(content.AsSpan(5 * PageSize, PageSize)));
    }

    /// <summary>Protection leaves marks where no page is, which look as pages do that are swapped out.</summary>
    [Fact]
    public void A_dirty_log_of_a_clone_is_exact_and_so_is_what_it_owns()
    {
        string? missing = LinuxTrackingCapabilities.Probe().Missing;
        Assert.SkipWhen(missing is not null, missing ?? string.Empty);
        using CloneBase source = Filled(Content(Pages));
        using MemoryClone clone = source.MapClone();
        var before = new Guest(clone.Memory);
        before.Access(7, 3, AccessKind.Write);
        before.Access(40, 20, AccessKind.Read);
        using var log = new LinuxDirtyLog(clone.Memory);
        log.Start();
        Assert.Equal(before.Written.Order(), OwnOf(clone));
        var random = new Random(5);
        var all = new HashSet<long>(before.Written);
        for (int round = 0; round < 5; round++)
        {
            var guest = new Guest(clone.Memory);
            for (int i = 0; i < 50; i++)
            {
                guest.Access(random.Next(Pages), random.Next(1, 4), (AccessKind)random.Next(3));
            }

            guest.WriteFromKernel(random.Next(Pages));
            all.UnionWith(guest.Written);
            if (round % 2 == 0)
            {
                Assert.Equal(all.Order(), OwnOf(clone));
            }

            using var written = new PageBitmap(Pages);
            log.Harvest(written);
            Assert.Equal(guest.Written.Order(), Guest.PagesIn(written).Order());
            Assert.Equal(all.Order(), OwnOf(clone));
        }
    }

    [Fact]
    public void Own_pages_are_added_to_a_bitmap_that_has_room()
    {
        using CloneBase source = Filled(Content(100));
        using MemoryClone clone = source.MapClone();
        clone.Memory.GetPage(new Pfn(99))[0] = 1;
        using var tooShort = new PageBitmap(99);
        using var longer = new PageBitmap(300);
        longer.Set(new Pfn(3));
        longer.Set(new Pfn(200));
        Assert.Throws<ArgumentException>(() => clone.GetOwnPages(tooShort));
        clone.GetOwnPages(longer);
        Assert.Equal([3, 99, 200], Guest.PagesIn(longer).Order());

        long before = GC.GetAllocatedBytesForCurrentThread();
        clone.GetOwnPages(longer);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        clone.Dispose();
        clone.Dispose();
        Assert.Throws<ObjectDisposedException>(() => clone.GetOwnPages(longer));
        Assert.Throws<ObjectDisposedException>(() => clone.MeasureUsage());
    }

    /// <summary>The kernel's account: no page twice, none left out.</summary>
    [Fact]
    public void The_shares_of_a_base_and_its_clones_add_up_to_the_base_and_what_they_own()
    {
        const int Count = 10;
        using CloneBase source = CloneBase.Create((long)Pages * PageSize, memory => memory.GetSpan(0, 2000 * PageSize).Fill(3));
        MemoryClone[] clones = [.. Enumerable.Range(0, Count).Select(_ => source.MapClone())];
        try
        {
            long own = 0;
            for (int i = 0; i < Count; i++)
            {
                clones[i].Memory.GetSpan(i * 100 * PageSize, (50 + i) * PageSize).Fill(9);
                _ = Sum(clones[i].Memory.GetSpan(1000 * PageSize, 500 * PageSize));
                own += OwnOf(clones[i]).Length;
            }

            RegionUsage ofSource = source.MeasureUsage();
            RegionUsage[] usages = [.. clones.Select(clone => clone.MeasureUsage())];
            Assert.Equal(2000L * PageSize, ofSource.ResidentBytes);
            Assert.Equal(own * PageSize, usages.Sum(usage => usage.AnonymousBytes + usage.SwappedBytes));
            Assert.All(usages, usage => Assert.True(usage.ProportionalBytes < usage.ResidentBytes));

            // Each account is rounded to the kibibyte.
            long sum = ofSource.ProportionalBytes + usages.Sum(usage => usage.ProportionalBytes + usage.SwappedBytes);
            Assert.InRange(sum, ((2000 + own) * PageSize) - (Count * 1024 * 2), ((2000 + own) * PageSize) + (Count * 1024 * 2));
        }
        finally
        {
            Array.ForEach(clones, clone => clone.Dispose());
        }
    }

    [Fact]
    public void An_account_is_made_of_the_mappings_in_its_range()
    {
        string[] lines =
        [
            "00001000-00002000 rw-p 00000000 00:01 5   /memfd:x", "Rss:  1 kB", "Pss:  1 kB", "Anonymous:  1 kB", "Swap: 1 kB", "VmFlags: rd wr",
            "00002000-00004000 rw-p 00000000 00:01 5   /memfd:x", "Size:  8 kB", "Rss:  8 kB", "Pss:  4 kB", "Pss_Dirty:  3 kB", "Anonymous:  2 kB", "Swap:  16 kB", "SwapPss:  16 kB",
            "00004000-00005000 r--p 00000000 00:01 5   /memfd:x", "Rss:  4 kB", "Pss:  2 kB", "Anonymous:  0 kB", "Swap:  0 kB",
            "00005000-00006000 rw-p 00000000 00:00 0 ", "Rss:  4 kB", "Pss:  4 kB", "Anonymous:  4 kB", "Swap:  4 kB",
        ];
        Assert.Equal(new RegionUsage(12 << 10, 6 << 10, 2 << 10, 16 << 10), RegionUsage.Sum(lines, 0x2000, 0x5000));
    }

    internal static byte[] Content(int pages)
    {
        byte[] content = new byte[pages * PageSize];
        new Random(1).NextBytes(content);

        // Holes, of which the base makes pages when they are read.
        content.AsSpan(pages / 4 * PageSize, pages / 8 * PageSize).Clear();
        return content;
    }

    internal static CloneBase Filled(byte[] content) => CloneBase.Create(content.Length, memory =>
    {
        for (int at = 0; at < content.Length; at += PageSize)
        {
            ReadOnlySpan<byte> page = content.AsSpan(at, PageSize);
            if (page.ContainsAnyExcept((byte)0))
            {
                page.CopyTo(memory.GetSpan(at, PageSize));
            }
        }
    });

    internal static byte[] ImageOf(IGuestMemory memory)
    {
        byte[] image = new byte[memory.PageCount * memory.PageSize];
        memory.CopyPages(new Pfn(0), image, new GuestPageType[memory.PageCount]);
        return image;
    }

    internal static long[] OwnOf(MemoryClone clone)
    {
        using var own = new PageBitmap(clone.Memory.PageCount);
        clone.GetOwnPages(own);
        return [.. Guest.PagesIn(own).Order()];
    }

    [MethodImpl(MethodImplOptions.NoOptimization)]
    private static int Sum(ReadOnlySpan<byte> bytes)
    {
        int sum = 0;
        foreach (byte b in bytes)
        {
            sum += b;
        }

        return sum;
    }
}
