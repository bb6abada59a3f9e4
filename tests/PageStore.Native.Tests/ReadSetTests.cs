using FsCheck.Xunit;

namespace PageStore.Native.Tests;

/// <summary>W and R against the oracle, on the real kernel: nothing missed, nothing extra, while the guest stands still.</summary>
public sealed class ReadSetTests
{
    [Property(MaxTest = 80)]
    public void Both_sets_are_exact((ushort, byte, byte)[][] rounds) => PlayAndCompare(AccessPattern.Pages * 4096L, rounds);

    [Property(MaxTest = 12)]
    public void Patterns_over_a_whole_gibibyte_are_exact((ushort, byte, byte)[][] rounds) => PlayAndCompare(1L << 30, rounds);

    [Property(MaxTest = 40)]
    public void A_part_at_an_odd_place_reports_only_its_own_pages((ushort, byte, byte)[] accesses, ushort first, ushort count)
    {
        using MemoryRegion region = MemoryRegion.CreateShared(AccessPattern.Pages * 4096L);
        long from = first % AccessPattern.Pages;
        long pages = 1 + (count % (AccessPattern.Pages - from));
        using var log = new LinuxAccessLog(region, new Pfn(from), pages);
        using var written = new PageBitmap(pages);
        using var read = new PageBitmap(pages);
        log.Start();
        var guest = new Guest(region);
        Array.ForEach(accesses, access => AccessPattern.Play(guest, access));

        log.HarvestAccesses(written, read);

        Assert.Equal(guest.Written.Where(p => p >= from && p < from + pages).Select(p => p - from).Order(), Guest.PagesIn(written).Order());
        Assert.Equal(guest.Read.Where(p => p >= from && p < from + pages).Select(p => p - from).Order(), Guest.PagesIn(read).Order());
    }

    [Fact]
    public void A_whole_gibibyte_touched_at_random()
    {
        using MemoryRegion region = MemoryRegion.CreateShared(1L << 30);
        using var log = new LinuxAccessLog(region);
        log.Start();
        var random = new Random(13);
        for (int round = 0; round < 3; round++)
        {
            var guest = new Guest(region);
            for (long i = 0; i < region.PageCount / 12; i++)
            {
                guest.Access(random.NextInt64(region.PageCount), 1, random.Next(4) == 0 ? AccessKind.ReadThenWrite : AccessKind.Read);
            }

            HarvestAndCompare(log, guest);
        }
    }

    [Fact]
    public void Pages_touched_before_the_start_are_not_reported()
    {
        using MemoryRegion region = MemoryRegion.CreateShared(1 << 20);
        region.GetSpan(0, 1 << 20).Fill(3);
        using var log = new LinuxAccessLog(region);
        log.Start();

        HarvestAndCompare(log, new Guest(region));
        Assert.Equal(3, region.GetPage(new Pfn(7))[0]);
    }

    [Fact]
    public void Copying_pages_for_a_checkpoint_is_no_read_of_the_guest()
    {
        using MemoryRegion region = MemoryRegion.CreateShared(AccessPattern.Pages * 4096L);
        using var log = new LinuxAccessLog(region);
        log.Start();
        var guest = new Guest(region);
        guest.Access(40, 30, AccessKind.Write);
        HarvestAndCompare(log, guest);
        byte[] copy = new byte[AccessPattern.Pages * 4096];
        region.CopyPages(new Pfn(0), copy, new GuestPageType[AccessPattern.Pages]);

        var next = new Guest(region);
        next.Access(50, 1, AccessKind.Read);

        HarvestAndCompare(log, next);
        Assert.Equal(2, copy[(40 * 4096) + (40 * 61)]);
    }

    [Fact]
    public void A_page_whose_write_a_plain_harvest_took_is_read_in_the_next_one()
    {
        using MemoryRegion region = MemoryRegion.CreateShared(1 << 20);
        using var log = new LinuxAccessLog(region);
        using var taken = new PageBitmap(log.PageCount);
        using var written = new PageBitmap(log.PageCount);
        using var read = new PageBitmap(log.PageCount);
        log.Start();
        var guest = new Guest(region);
        guest.Access(5, 1, AccessKind.Write);
        log.Harvest(taken);
        guest.Access(9, 1, AccessKind.Write);

        log.HarvestAccesses(written, read);

        Assert.Equal([5L], Guest.PagesIn(taken));
        Assert.Equal([9L], Guest.PagesIn(written));
        Assert.Equal([5L], Guest.PagesIn(read));
    }

    [Fact]
    public void Pages_dropped_from_the_page_table_behind_the_logs_back_are_still_written()
    {
        // A whole page table's worth of writes, and a single one, dropped before they were harvested.
        using MemoryRegion region = MemoryRegion.CreateShared(16 << 20);
        using var log = new LinuxAccessLog(region);
        log.Start();
        var guest = new Guest(region);
        guest.Access(512, 1024, AccessKind.Write);
        guest.Access(3000, 1, AccessKind.Write);
        Drop(region, 256L * 4096, 3500L * 4096);

        HarvestAndCompare(log, guest);
        HarvestAndCompare(log, new Guest(region));
    }

    [Fact]
    public void Private_memory_is_refused()
    {
        using MemoryRegion region = MemoryRegion.CreatePrivate(1 << 20);
        UnsupportedException e = Assert.Throws<UnsupportedException>(() => new LinuxAccessLog(region));
        Assert.Contains("CreateShared", e.Message, StringComparison.Ordinal);
    }

    private static unsafe void Drop(MemoryRegion region, long offset, long bytes)
    {
        fixed (byte* address = region.GetSpan(offset, (int)bytes))
        {
            Libc.Check(Libc.madvise(address, (nuint)bytes, Libc.MadvDontNeed), "madvise");
        }
    }

    private static void PlayAndCompare(long bytes, (ushort, byte, byte)[][] rounds)
    {
        using MemoryRegion region = MemoryRegion.CreateShared(bytes);
        using var log = new LinuxAccessLog(region);
        log.Start();
        foreach ((ushort, byte, byte)[] accesses in rounds)
        {
            var guest = new Guest(region);
            Array.ForEach(accesses, access => AccessPattern.Play(guest, access));
            HarvestAndCompare(log, guest);
        }
    }

    private static void HarvestAndCompare(LinuxAccessLog log, Guest guest)
    {
        using var written = new PageBitmap(log.PageCount);
        using var read = new PageBitmap(log.PageCount);
        log.HarvestAccesses(written, read);
        Assert.Equal(guest.Written.Order(), Guest.PagesIn(written).Order());
        Assert.Equal(guest.Read.Order(), Guest.PagesIn(read).Order());
    }
}
