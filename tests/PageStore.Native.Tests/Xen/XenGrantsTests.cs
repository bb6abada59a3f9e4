namespace PageStore.Native.Tests;

/// <summary>What backends have mapped for writing is in each harvest: Xen logs it only when it is unmapped.</summary>
public sealed class XenGrantsTests
{
    // GTF_ of xen/include/public/grant_table.h.
    private const ushort Access = 1;
    private const ushort Transfer = 2;
    private const ushort ReadOnly = 4;
    private const ushort Reading = 8;
    private const ushort Writing = 16;

    public static TheoryData<FakeRelease> Releases => [FakeRelease.UpTo415, FakeRelease.From416];

    [Theory]
    [MemberData(nameof(Releases))]
    public void What_is_mapped_for_writing_is_in_every_harvest_until_it_is_unmapped(FakeRelease release)
    {
        using var xen = new FakeXen(release);
        xen.Grant(0, Access | Reading | Writing, 10);
        xen.Grant(1, Access, 11);
        xen.Grant(2, Access | ReadOnly | Reading, 12);
        xen.Grant(3, Transfer | Writing, 13);
        xen.Grant(LastEntry(8), Access | Writing, 14);
        using XenDomain domain = xen.Open();
        using var log = new XenDirtyLog(domain);
        log.Start();
        xen.Write(20);

        Assert.Equal([10L, 14, 20], Harvested(log));
        Assert.Equal([10L, 14], Harvested(log));
        xen.Grant(0, Access, 10);
        Assert.Equal([14L], Harvested(log));
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public void The_table_is_mapped_anew_only_when_it_has_grown_and_until_the_log_ends(FakeRelease release)
    {
        using var xen = new FakeXen(release);
        xen.Domain.GrantFrames = 1;
        xen.Grant(LastEntry(8), Access | Writing, 14);
        using XenDomain domain = xen.Open();
        using var log = new XenDirtyLog(domain);
        log.Start();
        Assert.Empty(Harvested(log));
        Assert.Empty(Harvested(log));
        Assert.Equal((1u, 1u), (xen.Domain.Mappings, xen.Domain.GrantMaps));

        xen.Domain.GrantFrames = FakeXen.GrantFrames;
        Assert.Equal([14L], Harvested(log));
        Assert.Equal((1u, 2u), (xen.Domain.Mappings, xen.Domain.GrantMaps));
        log.Stop();
        Assert.Equal(0u, xen.Domain.Mappings);
    }

    [Fact]
    public void A_domain_that_is_gone_is_let_go_of()
    {
        using var xen = new FakeXen();
        using XenDomain domain = xen.Open();
        using var log = new XenDirtyLog(domain);
        log.Start();
        Assert.Empty(Harvested(log));
        xen.Domain.Flags |= FakeXen.DyingFlag;

        Assert.Throws<StorageException>(() => Harvested(log));

        Assert.Equal(0u, xen.Domain.Mappings);
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public void Of_version_2_everything_counts_that_is_granted_for_writing(FakeRelease release)
    {
        using var xen = new FakeXen(release);
        xen.GrantVersion2(0, Access, 10);
        xen.GrantVersion2(1, Access | ReadOnly, 11);
        xen.GrantVersion2(2, Transfer, 12);
        xen.GrantVersion2(LastEntry(16), Access, 13);
        using XenDomain domain = xen.Open();
        using var log = new XenDirtyLog(domain);
        log.Start();

        Assert.Equal([10L, 13], Harvested(log));
    }

    [Fact]
    public void Frames_that_the_guest_does_not_have_are_left_out()
    {
        using var xen = new FakeXen(pages: 77);
        xen.Grant(0, Access | Writing, 76);
        xen.Grant(1, Access | Writing, 77);
        xen.Grant(2, Access | Writing, uint.MaxValue);
        using XenDomain domain = xen.Open();
        using var log = new XenDirtyLog(domain);
        log.Start();

        Assert.Equal([76L], Harvested(log));
    }

    [Fact]
    public void A_guest_without_a_table_and_a_PV_guest_are_not_asked_for_it()
    {
        using var xen = new FakeXen();
        xen.Domain.GrantFrames = 0;
        using XenDomain without = xen.Open();
        using var log = new XenDirtyLog(without);
        log.Start();
        Assert.Empty(Harvested(log));

        // The table of a PV guest holds machine frames.
        xen.Domain.GrantFrames = FakeXen.GrantFrames;
        xen.Grant(0, Access | Writing, 10);
        log.Stop();
        xen.Domain.Flags = 0;
        using XenDomain pv = xen.Open();
        using var pvLog = new XenDirtyLog(pv);
        pvLog.Start();
        Assert.Empty(Harvested(pvLog));
    }

    [Theory]
    [InlineData(25)] // ENOTTY
    [InlineData(95)] // EOPNOTSUPP
    [InlineData(38)] // ENOSYS
    public void A_kernel_that_cannot_map_the_table_leaves_it_out(int errno)
    {
        using var xen = new FakeXen();
        xen.Grant(0, Access | Writing, 10);
        xen.Fail(FakeCall.GrantMap, errno);
        using XenDomain domain = xen.Open();
        using var log = new XenDirtyLog(domain);
        log.Start();
        xen.Write(20);

        Assert.Equal([20L], Harvested(log));
    }

    [Theory]
    [InlineData(FakeCall.GrantSize)]
    [InlineData(FakeCall.GrantMap)]
    public void Where_Xen_refuses_the_log_is_not_cleaned(FakeCall call)
    {
        const int enomem = 12;
        using var xen = new FakeXen();
        xen.Domain.GrantFrames = 1;
        using XenDomain domain = xen.Open();
        using var log = new XenDirtyLog(domain);
        log.Start();
        xen.Write(20);
        xen.Domain.GrantFrames = FakeXen.GrantFrames;
        uint cleans = xen.Domain.Cleans;
        xen.Fail(call, enomem);

        var refused = Assert.Throws<StorageException>(() => Harvested(log));

        Assert.Equal(enomem, refused.Errno);
        Assert.Equal(cleans, xen.Domain.Cleans);
    }

    /// <summary>The last entry of the table, for entries of so many bytes.</summary>
    private static int LastEntry(int bytes) => (FakeXen.GrantFrames * FakeXen.PageBytes / bytes) - 1;

    private static IEnumerable<long> Harvested(XenDirtyLog log)
    {
        using var written = new PageBitmap(log.PageCount);
        log.Harvest(written);
        return Guest.PagesIn(written).Order();
    }
}
