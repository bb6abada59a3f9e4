using FsCheck.Xunit;

namespace PageStore.Native.Tests;

/// <summary>W of a domain against the oracle, and a log that goes on and off, under both prototypes of libxenctrl.</summary>
public sealed class XenDirtyLogTests
{
    public static TheoryData<FakeRelease> Releases => [FakeRelease.UpTo415, FakeRelease.From416];

    [Property(MaxTest = 100)]
    public void Every_interval_is_exact(FakeRelease release, ushort[][] rounds, byte extraPages)
    {
        int pages = 900 + extraPages;
        using var xen = new FakeXen(release, pages);
        xen.Domain.DirtyTail = 1;
        using XenDomain domain = xen.Open();
        using var log = new XenDirtyLog(domain);
        log.Start();
        foreach (ushort[] round in rounds)
        {
            foreach (ushort page in round)
            {
                xen.Write(page % pages);
            }

            Assert.Equal(xen.Written.Order(), Peeked(log).Order());
            Assert.Equal(xen.Written.Order(), Harvested(log).Order());
            xen.Written.Clear();
        }
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public void Bits_that_were_set_stay_and_bits_behind_the_log_are_not_touched(FakeRelease release)
    {
        using var xen = new FakeXen(release, pages: 77);
        xen.Domain.DirtyTail = 1;
        using XenDomain domain = xen.Open();
        using var log = new XenDirtyLog(domain);
        using var written = new PageBitmap(200);
        written.Set(new Pfn(3));
        written.Set(new Pfn(150));
        log.Start();
        xen.Write(76);

        log.Harvest(written);

        Assert.Equal([3L, 76, 150], Guest.PagesIn(written).Order());
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public void A_log_that_a_client_left_on_is_taken_over_and_begins_empty(FakeRelease release)
    {
        using var xen = new FakeXen(release);
        xen.Domain.Enabled = 1;
        xen.Write(5, 6);
        using XenDomain domain = xen.Open();
        using var log = new XenDirtyLog(domain);

        log.Start();

        Assert.Equal((2u, 1u), (xen.Domain.Enables, xen.Domain.Offs));
        Assert.Empty(Harvested(log));
        xen.Write(8);
        Assert.Equal([8L], Harvested(log));
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public void Counters_of_an_earlier_log_are_thrown_away(FakeRelease release)
    {
        using var xen = new FakeXen(release);
        (xen.Domain.FaultCount, xen.Domain.DirtyCount) = (11, 12);
        using XenDomain domain = xen.Open();
        using var log = new XenDirtyLog(domain);
        log.Start();
        xen.Write(1, 2, 3);

        Assert.Equal(3, Harvested(log).Count);

        Assert.Equal(new XenLogStatistics(0, 3), log.Statistics);
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public void What_the_hypervisor_writes_itself_is_in_every_harvest_and_a_peek_changes_nothing(FakeRelease release)
    {
        using var xen = new FakeXen(release);
        xen.Domain.FinalPage = 40;
        using XenDomain domain = xen.Open();
        using var log = new XenDirtyLog(domain);
        log.Start();

        Assert.Empty(Peeked(log));
        Assert.Equal([40L], Harvested(log));
        Assert.Equal([40L], Harvested(log));
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public void What_does_not_run_is_not_asked_although_Xen_would_answer(FakeRelease release)
    {
        using var xen = new FakeXen(release);
        using XenDomain domain = xen.Open();
        using var log = new XenDirtyLog(domain);
        using var bitmap = new PageBitmap(1000);
        Assert.Throws<InvalidOperationException>(() => log.Peek(bitmap));
        log.Start();
        Assert.Throws<InvalidOperationException>(log.Start);
        log.Stop();
        log.Stop();
        Assert.Equal(0u, xen.Domain.Enabled);
        Assert.Throws<InvalidOperationException>(() => log.Peek(bitmap));
        Assert.Throws<InvalidOperationException>(() => log.Harvest(bitmap));
        log.Dispose();
        log.Dispose();
        Assert.Throws<ObjectDisposedException>(log.Start);
        Assert.Throws<ObjectDisposedException>(() => log.Harvest(bitmap));
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public void A_bitmap_too_short_or_disposed_loses_nothing(FakeRelease release)
    {
        using var xen = new FakeXen(release);
        using XenDomain domain = xen.Open();
        using var log = new XenDirtyLog(domain);
        using var tooShort = new PageBitmap(999);
        var gone = new PageBitmap(1000);
        gone.Dispose();
        log.Start();
        xen.Write(0, 999);

        Assert.Throws<ArgumentException>(() => log.Harvest(tooShort));
        Assert.Throws<ArgumentException>(() => log.Peek(tooShort));
        Assert.Throws<ObjectDisposedException>(() => log.Harvest(gone));

        Assert.Equal([0L, 999], Harvested(log).Order());
    }

    [Theory]
    [InlineData(FakeRelease.UpTo415, NativeErrors.Eopnotsupp, "take full epochs")]
    [InlineData(FakeRelease.From416, NativeErrors.Eopnotsupp, "take full epochs")]
    [InlineData(FakeRelease.From416, NativeErrors.Einval, "PCI device")]
    [InlineData(FakeRelease.From416, NativeErrors.Eperm, "dom0")]
    public void What_cannot_be_logged_is_unsupported(FakeRelease release, int errno, string advice)
    {
        using var xen = new FakeXen(release);
        using XenDomain domain = xen.Open();
        using var log = new XenDirtyLog(domain);
        xen.Fail(FakeCall.Enable, errno);

        UnsupportedException e = Assert.Throws<UnsupportedException>(log.Start);

        Assert.Equal(errno, e.Errno);
        Assert.Contains(advice, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(FakeRelease.UpTo415, NativeErrors.Ebusy, "another operation")]
    [InlineData(FakeRelease.From416, NativeErrors.Ebusy, "another operation")]
    [InlineData(FakeRelease.From416, NativeErrors.Enomem, "shadow_memory")]
    public void What_Xen_refuses_now_is_a_storage_error_and_can_be_tried_again(FakeRelease release, int errno, string advice)
    {
        using var xen = new FakeXen(release);
        using XenDomain domain = xen.Open();
        using var log = new XenDirtyLog(domain);
        xen.Fail(FakeCall.Enable, errno);

        StorageException e = Assert.Throws<StorageException>(log.Start);

        Assert.Contains(advice, e.Message, StringComparison.Ordinal);
        xen.Fail(FakeCall.None, 0);
        log.Start();
        xen.Write(3);
        Assert.Equal([3L], Harvested(log));
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public void A_start_that_fails_behind_the_switch_turns_the_log_off_again(FakeRelease release)
    {
        using var xen = new FakeXen(release);
        using XenDomain domain = xen.Open();
        using var log = new XenDirtyLog(domain);
        xen.Fail(FakeCall.Clean, NativeErrors.Enomem);

        Assert.Throws<StorageException>(log.Start);

        Assert.Equal(0u, xen.Domain.Enabled);
    }

    [Fact]
    public void Without_memory_for_the_bitmap_there_is_no_log()
    {
        using var xen = new FakeXen();
        using XenDomain domain = xen.Open();
        xen.Fail(FakeCall.Buffer, NativeErrors.Enomem);

        Assert.Equal(NativeErrors.Enomem, Assert.Throws<StorageException>(() => new XenDirtyLog(domain)).Errno);
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public void Disposing_turns_the_log_off_and_gives_everything_back(FakeRelease release)
    {
        using var xen = new FakeXen(release);
        XenDomain domain = xen.Open();
        var log = new XenDirtyLog(domain);
        domain.Dispose();
        log.Start();
        xen.Write(4);
        Assert.Equal([4L], Harvested(log));
        Assert.Equal((1u, 2u, 3u), (xen.Domain.Enabled, xen.Domain.Buffers, xen.Domain.Interfaces));

        log.Dispose();

        Assert.Equal((0u, 0u, 0u), (xen.Domain.Enabled, xen.Domain.Buffers, xen.Domain.Interfaces));
    }

    private static HashSet<long> Harvested(XenDirtyLog log)
    {
        using var bitmap = new PageBitmap(log.PageCount);
        log.Harvest(bitmap);
        return Guest.PagesIn(bitmap);
    }

    private static HashSet<long> Peeked(XenDirtyLog log)
    {
        using var bitmap = new PageBitmap(log.PageCount);
        log.Peek(bitmap);
        return Guest.PagesIn(bitmap);
    }
}
