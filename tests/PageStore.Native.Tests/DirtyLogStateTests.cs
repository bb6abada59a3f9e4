using System.Runtime.InteropServices;

namespace PageStore.Native.Tests;

/// <summary>What may be called when, and that a refusal loses nothing.</summary>
public sealed class DirtyLogStateTests : IDisposable
{
    private readonly MemoryRegion _region = MemoryRegion.CreateShared(300 * 4096);

    public static TheoryData<bool> Kinds => [false, true];

    public void Dispose() => _region.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Starting_twice_is_refused_and_goes_on_tracking(bool accesses)
    {
        using IDirtyLog log = Make(accesses);
        log.Start();
        Write(4);

        Assert.Throws<InvalidOperationException>(log.Start);

        Assert.Equal([4L], Harvested(log));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Stopping_what_does_not_run_does_nothing(bool accesses)
    {
        IDirtyLog log = Make(accesses);
        log.Stop();
        log.Start();
        log.Stop();
        log.Stop();
        log.Dispose();
        log.Stop();
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Harvesting_what_does_not_run_is_refused(bool accesses)
    {
        using IDirtyLog log = Make(accesses);
        using var bitmap = new PageBitmap(300);
        Assert.Throws<InvalidOperationException>(() => log.Harvest(bitmap));
        log.Start();
        log.Stop();
        Assert.Throws<InvalidOperationException>(() => log.Harvest(bitmap));
        Assert.Throws<InvalidOperationException>(() => log.Peek(bitmap));
        if (log is IAccessLog both)
        {
            using var read = new PageBitmap(300);
            Assert.Throws<InvalidOperationException>(() => both.HarvestAccesses(bitmap, read));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Disposing_twice_does_nothing_and_nothing_works_after_it(bool accesses)
    {
        IDirtyLog log = Make(accesses);
        log.Start();
        log.Dispose();
        log.Dispose();
        using var bitmap = new PageBitmap(300);
        Assert.Throws<ObjectDisposedException>(log.Start);
        Assert.Throws<ObjectDisposedException>(() => log.Harvest(bitmap));
        Assert.Throws<ObjectDisposedException>(() => log.Peek(bitmap));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_new_start_forgets_what_came_before(bool accesses)
    {
        using IDirtyLog log = Make(accesses);
        log.Start();
        Write(1);
        log.Stop();
        Write(2);
        log.Start();
        Write(3);

        Assert.Equal([3L], Harvested(log));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_bitmap_too_short_loses_nothing(bool accesses)
    {
        using IDirtyLog log = Make(accesses);
        using var tooShort = new PageBitmap(299);
        using var longEnough = new PageBitmap(300);
        log.Start();
        Write(0);
        Write(299);

        Assert.Throws<ArgumentException>(() => log.Harvest(tooShort));
        Assert.Throws<ArgumentException>(() => log.Peek(tooShort));
        if (log is IAccessLog both)
        {
            Assert.Throws<ArgumentException>(() => both.HarvestAccesses(tooShort, longEnough));
            Assert.Throws<ArgumentException>(() => both.HarvestAccesses(longEnough, tooShort));
            Assert.Throws<ArgumentException>(() => both.HarvestAccesses(longEnough, longEnough));
        }

        Assert.True(tooShort.None());
        Assert.Equal([0L, 299], Harvested(log));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_disposed_bitmap_loses_nothing(bool accesses)
    {
        using IDirtyLog log = Make(accesses);
        var gone = new PageBitmap(300);
        gone.Dispose();
        log.Start();
        Write(8);

        Assert.Throws<ObjectDisposedException>(() => log.Harvest(gone));

        Assert.Equal([8L], Harvested(log));
    }

    [Fact]
    public void Bits_that_were_set_stay_and_bits_behind_the_log_are_not_touched()
    {
        using var log = new LinuxAccessLog(_region, new Pfn(10), 70);
        using var written = new PageBitmap(200);
        using var read = new PageBitmap(200);
        written.Set(new Pfn(3));
        written.Set(new Pfn(150));
        read.Set(new Pfn(4));
        read.Set(new Pfn(151));
        log.Start();
        _region.GetSpan(0, 300 * 4096).Fill(1);

        log.HarvestAccesses(written, read);

        Assert.Equal(Enumerable.Range(0, 70).Select(p => (long)p).Append(150), Guest.PagesIn(written).Order());
        Assert.Equal([4L, 151], Guest.PagesIn(read).Order());
    }

    [Fact]
    public void Peeking_keeps_what_a_harvest_takes()
    {
        using var log = new LinuxDirtyLog(_region);
        using var peeked = new PageBitmap(300);
        log.Start();
        Write(6);
        log.Peek(peeked);
        log.Peek(peeked);

        Assert.Equal([6L], Guest.PagesIn(peeked));
        Assert.Equal([6L], Harvested(log));
        Assert.Empty(Harvested(log));
    }

    [Fact]
    public void A_second_log_of_the_same_memory_is_refused_by_name()
    {
        using var first = new LinuxDirtyLog(_region);
        using var second = new LinuxDirtyLog(_region);
        first.Start();

        StorageException e = Assert.Throws<StorageException>(second.Start);

        Assert.Equal(NativeErrors.Ebusy, e.Errno);
        Assert.Contains("another userfaultfd", e.Message, StringComparison.Ordinal);
        first.Stop();
        second.Start();
        Write(2);
        Assert.Equal([2L], Harvested(second));
    }

    [Fact]
    public unsafe void A_log_that_lost_track_says_so_until_it_is_started_again()
    {
        using MemoryRegion region = MemoryRegion.CreatePrivate(300 * 4096);
        using var log = new LinuxDirtyLog(region);
        using var bitmap = new PageBitmap(300);
        log.Start();
        fixed (byte* page = region.GetPage(new Pfn(100)))
        {
            // Somebody maps other memory into the tracked range: its writes are seen by nobody.
            Assert.Equal((nint)page, Libc.mmap(page, 4096, Libc.ProtReadWrite, Libc.MapPrivateFixedAnonymous, -1, 0));
        }

        StorageException lost = Assert.Throws<StorageException>(() => log.Harvest(bitmap));
        StorageException still = Assert.Throws<StorageException>(() => log.Harvest(bitmap));

        Assert.Equal(NativeErrors.Eperm, lost.Errno);
        Assert.Contains("in full", lost.Message, StringComparison.Ordinal);
        Assert.Contains("in full", still.Message, StringComparison.Ordinal);
        log.Stop();
        log.Start();
        region.GetPage(new Pfn(100))[0] = 1;
        Assert.Equal([100L], Harvested(log));
    }

    [Fact]
    public void The_memory_outlives_its_region_while_a_log_holds_it()
    {
        MemoryRegion region = MemoryRegion.CreatePrivate(300 * 4096);
        using var log = new LinuxDirtyLog(region);
        log.Start();
        region.GetPage(new Pfn(9))[0] = 1;
        region.Dispose();

        Assert.Equal([9L], Harvested(log));
        Assert.Throws<ObjectDisposedException>(() => region.GetPage(new Pfn(9)));
    }

    [Fact]
    public void A_log_of_disposed_memory_cannot_be_made()
    {
        MemoryRegion region = MemoryRegion.CreatePrivate(4096);
        region.Dispose();
        region.Dispose();
        Assert.Throws<ObjectDisposedException>(() => new LinuxDirtyLog(region));
    }

    [Fact]
    public void Memory_that_begins_inside_a_page_is_refused()
    {
        using var memory = new Misaligned();
        Assert.Throws<ArgumentException>(() => new LinuxDirtyLog(memory, 0, 1));
    }

    [Theory]
    [InlineData(-1, 10)]
    [InlineData(0, 0)]
    [InlineData(0, -1)]
    [InlineData(0, 301)]
    [InlineData(299, 2)]
    [InlineData(long.MaxValue, 1)]
    [InlineData(1, long.MaxValue)]
    public void Pages_outside_the_memory_are_refused(long first, long count)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new LinuxDirtyLog(_region, new Pfn(first), count));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LinuxAccessLog(_region, new Pfn(first), count));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Harvesting_allocates_nothing(bool accesses)
    {
        using IDirtyLog log = Make(accesses);
        using var written = new PageBitmap(300);
        using var read = new PageBitmap(300);
        log.Start();
        Write(1);
        HarvestBoth(log, written, read);
        Write(2);
        long before = GC.GetAllocatedBytesForCurrentThread();
        HarvestBoth(log, written, read);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(0, allocated);
        Assert.True(written.Contains(new Pfn(2)));
    }

    private static void HarvestBoth(IDirtyLog log, PageBitmap written, PageBitmap read)
    {
        if (log is IAccessLog both)
        {
            both.HarvestAccesses(written, read);
        }
        else
        {
            log.Peek(written);
            log.Harvest(written);
        }
    }

    private static IEnumerable<long> Harvested(IDirtyLog log)
    {
        using var written = new PageBitmap(log.PageCount);
        log.Harvest(written);
        return Guest.PagesIn(written).Order();
    }

    /// <summary>A buffer whose address is no page's; nobody may touch it.</summary>
    private sealed class Misaligned : SafeBuffer
    {
        internal Misaligned()
            : base(ownsHandle: true)
        {
            SetHandle(4096 + 8);
            Initialize(8192);
        }

        protected override bool ReleaseHandle() => true;
    }

    private IDirtyLog Make(bool accesses) => accesses ? new LinuxAccessLog(_region) : new LinuxDirtyLog(_region);

    private void Write(long page) => _region.GetPage(new Pfn(page))[0]++;
}
