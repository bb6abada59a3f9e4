namespace PageStore.Native.Tests;

/// <summary>Where Xen says less than it knows, or refuses, a harvest says so, and no interval is taken for an empty one, under both prototypes of libxenctrl.</summary>
public sealed class XenHarvestTrapTests
{
    public static TheoryData<FakeRelease> Releases => [FakeRelease.UpTo415, FakeRelease.From416];

    [Theory]
    [MemberData(nameof(Releases))]
    public void A_busy_log_loses_nothing_and_can_be_asked_again(FakeRelease release)
    {
        using var xen = new FakeXen(release);
        using XenDomain domain = xen.Open();
        using var log = new XenDirtyLog(domain);
        using var bitmap = new PageBitmap(1000);
        log.Start();
        xen.Write(9);
        xen.Fail(FakeCall.Clean, NativeErrors.Ebusy);

        StorageException e = Assert.Throws<StorageException>(() => log.Harvest(bitmap));

        Assert.Equal(NativeErrors.Ebusy, e.Errno);
        Assert.Contains("another operation", e.Message, StringComparison.Ordinal);
        xen.Fail(FakeCall.None, 0);
        Assert.Equal([9L], Harvested(log));
    }

    [Theory]
    [InlineData(FakeRelease.UpTo415, NativeErrors.Enomem, "tracking was lost")]
    [InlineData(FakeRelease.From416, NativeErrors.Enomem, "tracking was lost")]
    [InlineData(FakeRelease.From416, 14, "xl dmesg")]
    public void After_a_failed_harvest_the_next_epoch_must_be_full(FakeRelease release, int errno, string advice)
    {
        using var xen = new FakeXen(release);
        using XenDomain domain = xen.Open();
        using var log = new XenDirtyLog(domain);
        using var bitmap = new PageBitmap(1000);
        log.Start();
        xen.Fail(FakeCall.Clean, errno);

        StorageException lost = Assert.Throws<StorageException>(() => log.Harvest(bitmap));
        xen.Fail(FakeCall.None, 0);
        StorageException still = Assert.Throws<StorageException>(() => log.Harvest(bitmap));

        Assert.Equal(errno, lost.Errno);
        Assert.Contains(advice, lost.Message, StringComparison.Ordinal);
        Assert.Contains("in full", lost.Message, StringComparison.Ordinal);
        Assert.Contains("in full", still.Message, StringComparison.Ordinal);
        log.Stop();
        log.Start();
        xen.Write(100);
        Assert.Equal([100L], Harvested(log));
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public void A_failed_peek_loses_nothing(FakeRelease release)
    {
        using var xen = new FakeXen(release);
        using XenDomain domain = xen.Open();
        using var log = new XenDirtyLog(domain);
        using var bitmap = new PageBitmap(1000);
        log.Start();
        xen.Write(9);
        xen.Fail(FakeCall.Peek, NativeErrors.Enomem);

        Assert.Throws<StorageException>(() => log.Peek(bitmap));

        Assert.Equal([9L], Harvested(log));
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public void Another_number_of_pages_than_asked_for_is_an_error(FakeRelease release)
    {
        using var xen = new FakeXen(release);
        using XenDomain domain = xen.Open();
        using var log = new XenDirtyLog(domain);
        using var bitmap = new PageBitmap(1000);
        log.Start();
        xen.Domain.ShortPages = 8;

        StorageException e = Assert.Throws<StorageException>(() => log.Harvest(bitmap));

        Assert.Equal(NativeErrors.Eio, e.Errno);
        Assert.Contains("another number of pages", e.Message, StringComparison.Ordinal);
        Assert.True(bitmap.None());
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public void A_guest_that_grew_is_told_and_not_harvested_in_part(FakeRelease release)
    {
        using var xen = new FakeXen(release);
        using XenDomain domain = xen.Open();
        using var log = new XenDirtyLog(domain);
        using var bitmap = new PageBitmap(1000);
        log.Start();
        xen.Grow(16);

        StorageException e = Assert.Throws<StorageException>(() => log.Harvest(bitmap));

        Assert.Contains("new log", e.Message, StringComparison.Ordinal);
        using XenDomain again = xen.Open();
        Assert.Equal(1016, again.PageCount);
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public void A_peek_answers_for_the_pages_of_the_log(FakeRelease release)
    {
        using var xen = new FakeXen(release);
        using XenDomain domain = xen.Open();
        using var log = new XenDirtyLog(domain);
        using var bitmap = new PageBitmap(1000);
        log.Start();
        xen.Write(9);
        xen.Grow(16);

        log.Peek(bitmap);

        Assert.Equal([9L], Guest.PagesIn(bitmap));
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public void A_dying_domain_gives_no_empty_peek(FakeRelease release)
    {
        using var xen = new FakeXen(release);
        using XenDomain domain = xen.Open();
        using var log = new XenDirtyLog(domain);
        using var bitmap = new PageBitmap(1000);
        log.Start();
        xen.Write(9);
        log.Peek(bitmap);
        xen.Domain.DyingCall = FakeCall.Peek;

        StorageException e = Assert.Throws<StorageException>(() => log.Peek(bitmap));

        Assert.Contains("gone or being torn down", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(FakeRelease.UpTo415, FakeCall.Clean)]
    [InlineData(FakeRelease.From416, FakeCall.Clean)]
    [InlineData(FakeRelease.From416, FakeCall.Pages)]
    public void A_dying_domain_gives_no_empty_interval(FakeRelease release, FakeCall diesAt)
    {
        using var xen = new FakeXen(release);
        using XenDomain domain = xen.Open();
        using var log = new XenDirtyLog(domain);
        using var bitmap = new PageBitmap(1000);
        log.Start();
        xen.Write(9);
        xen.Domain.DyingCall = diesAt;

        StorageException e = Assert.Throws<StorageException>(() => log.Harvest(bitmap));

        Assert.Contains("gone or being torn down", e.Message, StringComparison.Ordinal);
        Assert.True(bitmap.None());
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public void A_domain_that_begins_to_die_between_two_parts_of_an_answer_is_told(FakeRelease release)
    {
        using var xen = new FakeXen(release);
        using XenDomain domain = xen.Open();
        using var log = new XenDirtyLog(domain);
        using var bitmap = new PageBitmap(1000);
        log.Start();
        xen.Write(9, 990);
        xen.Domain.PartsBytes = 64;

        StorageException e = Assert.Throws<StorageException>(() => log.Harvest(bitmap));

        Assert.Contains("gone or being torn down", e.Message, StringComparison.Ordinal);
        Assert.True(bitmap.None());
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public void A_harvest_asks_once_before_it_cleans_and_looks_at_the_domain_no_more(FakeRelease release)
    {
        using var xen = new FakeXen(release);
        using XenDomain domain = xen.Open();
        using var log = new XenDirtyLog(domain);
        log.Start();
        (uint infos, uint questions, uint multicalls) = (xen.Domain.Infos, xen.Domain.Questions, xen.Domain.Multicalls);

        Assert.Empty(Peeked(log));
        Assert.Empty(Harvested(log));
        xen.Write(4);
        Assert.Equal([4L], Harvested(log));

        Assert.Equal((infos, questions, multicalls + 2), (xen.Domain.Infos, xen.Domain.Questions, xen.Domain.Multicalls));
    }

    [Theory]
    [InlineData(FakeCall.CallOpen)]
    [InlineData(FakeCall.Multicall)]
    public void Where_questions_cannot_be_asked_together_each_is_asked_by_itself(FakeCall fails)
    {
        using var xen = new FakeXen();
        xen.Fail(fails, NativeErrors.Enoent);
        using XenDomain domain = xen.Open();
        AsksOneByOne(xen, domain);
    }

    [Fact]
    public void Without_libxencall_each_question_is_asked_by_itself()
    {
        using var xen = new FakeXen();
        string elsewhere = Directory.CreateTempSubdirectory("fake-xen").FullName;
        _ = xen.Install("fake_xenctrl_4_16.so", elsewhere, "libxenctrl.so.4.17");
        _ = xen.Install("fake_xenforeignmemory.so", elsewhere, "libxenforeignmemory.so.1");
        using (XenDomain domain = XenDomain.Open(FakeXen.DomainId, elsewhere))
        {
            AsksOneByOne(xen, domain);
        }

        Directory.Delete(elsewhere, recursive: true);
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public void Without_a_mapped_grant_table_a_domain_of_which_nothing_was_counted_is_looked_at(FakeRelease release)
    {
        using var xen = new FakeXen(release);
        xen.Domain.GrantFrames = 0;
        using XenDomain domain = xen.Open();
        using var log = new XenDirtyLog(domain);
        log.Start();
        uint infos = xen.Domain.Infos;
        Assert.Empty(Peeked(log));
        Assert.Equal(infos + 1, xen.Domain.Infos);
    }

    [Theory]
    [InlineData(64)]
    [InlineData(1000)]
    [InlineData(5)]
    public void An_answer_that_looks_like_the_mark_of_no_answer_is_taken_once_the_domain_was_looked_at(int pages)
    {
        // The mark of xen_log.c, in the last 8 bytes of the bitmap, or in as many as it has.
        const ulong mark = 0x9e3779b97f4a7c15;
        using var xen = new FakeXen(pages: pages);
        using XenDomain domain = xen.Open();
        using var log = new XenDirtyLog(domain);
        log.Start();
        uint infos = xen.Domain.Infos;
        long[] marked = [.. Enumerable.Range(0, Math.Min(64, pages)).Where(bit => ((mark >> bit) & 1) != 0).Select(bit => (long)bit + Math.Max(0, pages - 64))];
        xen.Write(marked);

        Assert.Equal(marked, Harvested(log).Order());

        Assert.Equal(infos + 1, xen.Domain.Infos);
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public void A_domain_that_is_gone_or_another_is_told(FakeRelease release)
    {
        using var xen = new FakeXen(release);
        // While its table is mapped, nobody else gets its number.
        xen.Domain.GrantFrames = 0;
        using XenDomain domain = xen.Open();
        using var log = new XenDirtyLog(domain);
        using var bitmap = new PageBitmap(1000);
        log.Start();
        xen.ReplaceByAnother();
        StorageException another = Assert.Throws<StorageException>(() => log.Peek(bitmap));
        xen.Domain.Exists = 0;
        StorageException gone = Assert.Throws<StorageException>(() => log.Harvest(bitmap));

        Assert.Contains("gone or being torn down", another.Message, StringComparison.Ordinal);
        Assert.Contains("gone or being torn down", gone.Message, StringComparison.Ordinal);
        log.Stop();
    }

    private static void AsksOneByOne(FakeXen xen, XenDomain domain)
    {
        xen.Grant(0, 17, 10); // GTF_permit_access and GTF_writing
        using var log = new XenDirtyLog(domain);
        log.Start();
        uint questions = xen.Domain.Questions;
        xen.Write(20);

        Assert.Equal([10L, 20], Harvested(log).Order());

        Assert.Equal((questions + 3, 0u), (xen.Domain.Questions, xen.Domain.Multicalls));
        xen.Grow(16);
        Assert.Contains("new log", Assert.Throws<StorageException>(() => Harvested(log)).Message, StringComparison.Ordinal);
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
