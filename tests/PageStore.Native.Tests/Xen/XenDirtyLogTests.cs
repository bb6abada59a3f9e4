using FsCheck.Xunit;

namespace PageStore.Native.Tests;

/// <summary>W of a domain against the oracle, and what becomes of it when Xen refuses, under both prototypes of libxenctrl.</summary>
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
