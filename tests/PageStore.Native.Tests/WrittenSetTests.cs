using System.IO.MemoryMappedFiles;
using FsCheck.Xunit;

namespace PageStore.Native.Tests;

/// <summary>W against the oracle, on the real kernel: nothing missed, nothing extra.</summary>
public sealed class WrittenSetTests
{
    private const long PatternBytes = AccessPattern.Pages * 4096L;

    [Property(MaxTest = 60)]
    public void Private_memory_reports_exactly_what_was_written((ushort, byte, byte)[][] rounds)
    {
        using MemoryRegion region = MemoryRegion.CreatePrivate(PatternBytes);
        PlayAndCompare(region, rounds);
    }

    [Property(MaxTest = 60)]
    public void Shared_memory_reports_exactly_what_was_written((ushort, byte, byte)[][] rounds)
    {
        using MemoryRegion region = MemoryRegion.CreateShared(PatternBytes);
        PlayAndCompare(region, rounds);
    }

    [Property(MaxTest = 30)]
    public void Huge_pages_are_reported_page_by_page((ushort, byte, byte)[][] rounds)
    {
        using MemoryRegion region = MemoryRegion.CreatePrivate(16 << 20, hugePages: true);
        region.GetSpan(0, 16 << 20).Fill(1);
        if (!HugePages.Back(region))
        {
            Assert.Skip("The kernel gives no transparent huge pages: /sys/kernel/mm/transparent_hugepage/enabled says never, or memory is short.");
        }

        PlayAndCompare(region, rounds);
    }

    [Property(MaxTest = 40)]
    public void A_part_at_an_odd_place_reports_only_its_own_pages((ushort, byte, byte)[] accesses, ushort first, ushort count)
    {
        using MemoryRegion region = MemoryRegion.CreatePrivate(PatternBytes);
        long from = first % AccessPattern.Pages;
        long pages = 1 + (count % (AccessPattern.Pages - from));
        using var log = new LinuxDirtyLog(region, new Pfn(from), pages);
        using var written = new PageBitmap(pages);
        log.Start();
        var guest = new Guest(region);
        Array.ForEach(accesses, access => AccessPattern.Play(guest, access));

        log.Harvest(written);

        Assert.Equal(guest.Written.Where(p => p >= from && p < from + pages).Select(p => p - from).Order(), Guest.PagesIn(written).Order());
    }

    [Property(MaxTest = 12)]
    public void Patterns_over_a_whole_gibibyte_are_exact((ushort, byte, byte)[][] rounds)
    {
        using MemoryRegion region = MemoryRegion.CreatePrivate(1L << 30);
        PlayAndCompare(region, rounds);
    }

    [Fact]
    public void A_whole_gibibyte_with_a_twentieth_written_at_random()
    {
        using MemoryRegion region = MemoryRegion.CreatePrivate(1L << 30);
        using var log = new LinuxDirtyLog(region);
        log.Start();
        var random = new Random(11);
        for (int round = 0; round < 3; round++)
        {
            var guest = new Guest(region);
            for (long i = 0; i < region.PageCount / 20; i++)
            {
                guest.Access(random.NextInt64(region.PageCount), 1, AccessKind.Write);
            }

            using var written = new PageBitmap(log.PageCount);
            log.Harvest(written);
            AssertSame(guest.Written, written);
        }
    }

    [Fact]
    public void More_runs_than_one_batch_holds_are_all_reported()
    {
        // Every second page: as many runs as there can be, several times what the shim asks the kernel for at once.
        using MemoryRegion region = MemoryRegion.CreateShared(64 << 20);
        using var log = new LinuxDirtyLog(region);
        log.Start();
        var guest = new Guest(region);
        for (long page = 1; page < region.PageCount; page += 2)
        {
            guest.Access(page, 1, AccessKind.Write);
        }

        using var written = new PageBitmap(log.PageCount);
        log.Harvest(written);
        AssertSame(guest.Written, written);
    }

    [Fact]
    public void The_view_of_a_mapped_file_is_tracked()
    {
        string path = Path.Combine(Path.GetTempPath(), $"pagestore-{Guid.NewGuid():N}.img");
        try
        {
            using MemoryMappedFile file = MemoryMappedFile.CreateFromFile(path, FileMode.CreateNew, null, 4 << 20);
            using MemoryMappedViewAccessor view = file.CreateViewAccessor();
            using var log = new LinuxDirtyLog(view.SafeMemoryMappedViewHandle, 3, 900);
            using var written = new PageBitmap(900);
            log.Start();
            view.Write(2 * 4096, 1L);
            view.Write(3 * 4096, 1L);
            view.Write(500 * 4096, 1L);
            _ = view.ReadInt64(600 * 4096);

            log.Harvest(written);

            AssertSame([0, 497], written);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Copying_pages_that_were_never_touched_is_no_write()
    {
        using MemoryRegion region = MemoryRegion.CreatePrivate(PatternBytes);
        using var log = new LinuxDirtyLog(region);
        using var written = new PageBitmap(log.PageCount);
        log.Start();
        region.CopyPages(new Pfn(100), new byte[600 * 4096], new GuestPageType[600]);

        log.Harvest(written);

        Assert.True(written.None());
    }

    [Fact]
    public void Writes_from_inside_the_kernel_count()
    {
        using MemoryRegion region = MemoryRegion.CreateShared(PatternBytes);
        using var log = new LinuxDirtyLog(region);
        using var written = new PageBitmap(log.PageCount);
        log.Start();
        var guest = new Guest(region);
        guest.WriteFromKernel(17);
        guest.WriteFromKernel(2776);

        log.Harvest(written);

        AssertSame(guest.Written, written);
    }

    private static void PlayAndCompare(MemoryRegion region, (ushort, byte, byte)[][] rounds)
    {
        using var log = new LinuxDirtyLog(region);
        log.Start();
        foreach ((ushort, byte, byte)[] accesses in rounds)
        {
            var guest = new Guest(region);
            Array.ForEach(accesses, access => AccessPattern.Play(guest, access));
            using var peeked = new PageBitmap(log.PageCount);
            using var written = new PageBitmap(log.PageCount);
            log.Peek(peeked);
            log.Harvest(written);
            AssertSame(guest.Written, peeked);
            AssertSame(guest.Written, written);
        }
    }

    private static void AssertSame(IEnumerable<long> expected, PageBitmap actual) =>
        Assert.Equal(expected.Order(), Guest.PagesIn(actual).Order());
}
