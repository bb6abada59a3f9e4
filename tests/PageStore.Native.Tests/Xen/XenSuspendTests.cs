namespace PageStore.Native.Tests;

/// <summary>A guest suspends itself and goes on, under both sets of libraries; and whatever fails, it is not left behind.</summary>
public sealed class XenSuspendTests : IDisposable
{
    /// <summary>For guests that answer; the tests do not wait for it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly string _configurations = Directory.CreateTempSubdirectory("xl").FullName;

    public static TheoryData<FakeRelease> Releases => [FakeRelease.UpTo415, FakeRelease.From416];

    public static TheoryData<FakeCall> CallsOfTheState => [FakeCall.Version, FakeCall.Param, FakeCall.Tsc, FakeCall.Context, FakeCall.Policy];

    public void Dispose() => Directory.Delete(_configurations, recursive: true);

    [Theory]
    [MemberData(nameof(Releases))]
    public void It_suspends_reads_the_whole_state_and_lets_the_guest_go_on(FakeRelease release)
    {
        using FakeXen xen = Guest(release);
        File.WriteAllText(Path.Combine(_configurations, $"userdata-d.7.{FakeXen.Uuid}.libxl-json"), "{}");
        XenGuestState? read = null;
        using (XenDomain domain = xen.Open())
        using (var suspend = new XenSuspend(domain, state => Sections(state, out read), Patience, _configurations))
        {
            for (uint round = 1; round <= 3; round++)
            {
                suspend.Pause();
                Assert.True(domain.GetState().IsShutDown);
                Assert.Equal("s", Assert.Single(suspend.ReadState()).Name);
                suspend.Resume();
                Assert.Equal((round, round, string.Empty), (xen.Domain.Resumes, xen.Domain.Told, xen.Domain.Request.Get()));
                Assert.False(domain.GetState().IsShutDown);
            }
        }

        Assert.Equal((4, 17, 1u, 2400000u, 0x1122334455667788ul, 6u), (read!.XenMajor, read.XenMinor, read.TscMode, read.TscKhz, read.TscNanoseconds, read.TscIncarnation));
        Assert.Equal(Enumerable.Range(0, 100).Select(n => (byte)n), read.HvmContext.ToArray());
        Assert.Equal(Enumerable.Repeat((byte)0xc1, 4 * 24), read.CpuidPolicy.ToArray());
        Assert.Equal(Enumerable.Repeat((byte)0x3a, 2 * 16), read.MsrPolicy.ToArray());
        Assert.Equal("{}"u8, read.Configuration!.Value.Span);
        Assert.Equal([1u, 5, 6, 27, 28, 29, 37, 17, 19, 9, 12, 34, 32, 33, 36, 38], read.HvmParameters.Select(parameter => parameter.Key));
        Assert.All(read.HvmParameters, parameter => Assert.Equal(parameter.Key is 1 or 17 ? 0xfeff0ul + parameter.Key : 0, parameter.Value));
        AssertNothingIsLeft(xen);
    }

    [Fact]
    public void Without_xl_there_is_no_configuration()
    {
        using FakeXen xen = Guest();
        using XenDomain domain = xen.Open();
        XenGuestState? read = null;
        using var suspend = new XenSuspend(domain, state => Sections(state, out read), Patience, _configurations);
        suspend.Pause();
        suspend.ReadState();
        suspend.Resume();
        Assert.Null(read!.Configuration);
    }

    [Theory]
    [MemberData(nameof(CallsOfTheState))]
    public void A_state_that_cannot_be_read_is_told_and_the_guest_can_go_on(FakeCall call)
    {
        using FakeXen xen = Guest();
        using XenDomain domain = xen.Open();
        using (XenSuspend suspend = Suspend(domain))
        {
            suspend.Pause();
            xen.Fail(call, 14);
            Assert.Equal(14, Assert.Throws<StorageException>(suspend.ReadState).Errno);
            xen.Fail(FakeCall.None, 0);
            suspend.Resume();
        }

        Assert.Equal((1u, 0u), (xen.Domain.Resumes, xen.Domain.Policies));
        AssertRuns(xen);
    }

    [Fact]
    public void A_guest_that_never_answers_is_told_and_the_request_is_taken_back()
    {
        using FakeXen xen = Guest();
        xen.Domain.Manners = FakeManners.Deaf;
        xen.Domain.Conflicts = 2;
        using XenDomain domain = xen.Open();
        using XenSuspend suspend = Suspend(domain, TimeSpan.Zero);

        Assert.Contains("did not answer", Assert.Throws<StorageException>(suspend.Pause).Message, StringComparison.Ordinal);

        Assert.Equal((string.Empty, 0u, 0u), (xen.Domain.Request.Get(), xen.Domain.Conflicts, xen.Domain.Resumes));
        AssertRuns(xen);
        xen.Domain.Manners = FakeManners.Suspends;
        using XenSuspend again = Suspend(domain);
        again.Pause();
        again.Resume();
        AssertRuns(xen);
    }

    [Fact]
    public void A_guest_that_takes_the_request_as_it_is_taken_back_is_waited_for()
    {
        using FakeXen xen = Guest();
        xen.Domain.Manners = FakeManners.LastMoment;
        using XenDomain domain = xen.Open();
        // Long enough for the few looks that the guest takes, once the first wait is over.
        using XenSuspend suspend = Suspend(domain, TimeSpan.FromSeconds(1));

        suspend.Pause();

        Assert.True(domain.GetState().IsShutDown);
        suspend.Resume();
        AssertRuns(xen);
    }

    [Fact]
    public void A_guest_that_takes_the_request_and_goes_on_is_told()
    {
        using FakeXen xen = Guest();
        xen.Domain.Manners = FakeManners.Stuck;
        using XenDomain domain = xen.Open();
        using XenSuspend suspend = Suspend(domain, TimeSpan.Zero);

        Assert.Contains("took the request to suspend, and did not", Assert.Throws<StorageException>(suspend.Pause).Message, StringComparison.Ordinal);

        AssertRuns(xen);
        // It suspends after all, much later: who lets go of it lets it go on.
        xen.Domain.Looks = 1;
        suspend.Dispose();
        Assert.Equal(1u, xen.Domain.Resumes);
        AssertRuns(xen);
    }

    [Fact]
    public void A_guest_that_crashes_instead_is_told()
    {
        using FakeXen xen = Guest();
        xen.Domain.Manners = FakeManners.Crashes;
        using XenDomain domain = xen.Open();
        using XenSuspend suspend = Suspend(domain);

        Assert.Contains("shut down instead", Assert.Throws<StorageException>(suspend.Pause).Message, StringComparison.Ordinal);
        Assert.Equal(0u, xen.Domain.Resumes);
    }

    [Theory]
    [InlineData(FakeCall.StoreRead)]
    [InlineData(FakeCall.StoreWrite)]
    [InlineData(FakeCall.Info)]
    public void What_cannot_be_asked_leaves_the_guest_running(FakeCall call)
    {
        using FakeXen xen = Guest();
        using XenDomain domain = xen.Open();
        using (XenSuspend suspend = Suspend(domain))
        {
            xen.Fail(call, 14);
            Assert.Throws<StorageException>(suspend.Pause);
            xen.Fail(FakeCall.None, 0);
        }

        Assert.Equal(string.Empty, xen.Domain.Request.Get());
        AssertRuns(xen);
    }

    [Fact]
    public void A_guest_that_suspends_while_Xen_cannot_be_asked_goes_on_when_it_is_let_go()
    {
        using FakeXen xen = Guest();
        using XenDomain domain = xen.Open();
        using (XenSuspend suspend = Suspend(domain))
        {
            // The first look is before the request.
            xen.Fail(FakeCall.Info, 14, after: 1);
            Assert.Throws<StorageException>(suspend.Pause);
            xen.Fail(FakeCall.None, 0);
        }

        Assert.Equal((1u, 1u), (xen.Domain.Resumes, xen.Domain.Told));
        AssertRuns(xen);
    }

    [Fact]
    public void A_request_that_cannot_be_taken_back_is_tried_again_when_it_is_let_go()
    {
        using FakeXen xen = Guest();
        xen.Domain.Manners = FakeManners.Deaf;
        using XenDomain domain = xen.Open();
        using (XenSuspend suspend = Suspend(domain, TimeSpan.Zero))
        {
            xen.Fail(FakeCall.StoreCommit, 14);
            Assert.Throws<StorageException>(suspend.Pause);
            Assert.Equal("suspend", xen.Domain.Request.Get());
            xen.Fail(FakeCall.None, 0);
        }

        Assert.Equal(string.Empty, xen.Domain.Request.Get());
        AssertRuns(xen);
    }

    [Fact]
    public void A_resume_that_fails_is_told_and_tried_again_when_it_is_let_go()
    {
        using FakeXen xen = Guest();
        using XenDomain domain = xen.Open();
        using (XenSuspend suspend = Suspend(domain))
        {
            suspend.Pause();
            xen.Fail(FakeCall.Resume, 14);
            Assert.Throws<StorageException>(suspend.Resume);
            Assert.True(domain.GetState().IsShutDown);
            xen.Fail(FakeCall.None, 0);
        }

        Assert.Equal((1u, 1u), (xen.Domain.Resumes, xen.Domain.Told));
        AssertRuns(xen);
    }

    [Fact]
    public void A_guest_that_runs_again_and_xenstore_does_not_know_is_told_so()
    {
        using FakeXen xen = Guest();
        using XenDomain domain = xen.Open();
        using XenSuspend suspend = Suspend(domain);
        suspend.Pause();
        xen.Fail(FakeCall.StoreResumed, 14);

        Assert.Contains("runs again, as it does", Assert.Throws<StorageException>(suspend.Resume).Message, StringComparison.Ordinal);

        Assert.Equal(1u, xen.Domain.Resumes);
        AssertRuns(xen);
    }

    [Fact]
    public void A_guest_that_stands_still_or_has_another_request_is_not_asked()
    {
        using FakeXen xen = Guest();
        using XenDomain domain = xen.Open();
        using XenSuspend suspend = Suspend(domain);
        xen.Domain.Request.Set("reboot");
        Assert.Contains("'reboot'", Assert.Throws<StorageException>(suspend.Pause).Message, StringComparison.Ordinal);
        Assert.Equal("reboot", xen.Domain.Request.Get());
        xen.Domain.Request.Set(string.Empty);
        xen.Domain.Pauses = 1;
        Assert.Contains("is paused", Assert.Throws<StorageException>(suspend.Pause).Message, StringComparison.Ordinal);
        xen.Domain.Pauses = 0;
        xen.Domain.Flags |= FakeXen.ShutdownFlag;
        Assert.Contains("is suspended", Assert.Throws<StorageException>(suspend.Pause).Message, StringComparison.Ordinal);
        xen.Domain.Flags &= ~FakeXen.ShutdownFlag;
        xen.ReplaceByAnother();
        Assert.Contains("gone", Assert.Throws<StorageException>(suspend.Pause).Message, StringComparison.Ordinal);
        Assert.Equal((string.Empty, 0u), (xen.Domain.Request.Get(), xen.Domain.Resumes));
    }

    [Fact]
    public void Calls_out_of_turn_are_refused_and_disposing_lets_a_suspended_guest_go_on()
    {
        using FakeXen xen = Guest();
        XenDomain domain = xen.Open();
        XenSuspend suspend = Suspend(domain);
        Assert.Throws<InvalidOperationException>(suspend.Resume);
        Assert.Throws<InvalidOperationException>(suspend.ReadState);
        suspend.Pause();
        Assert.Throws<InvalidOperationException>(suspend.Pause);
        domain.Dispose();

        suspend.Dispose();
        suspend.Dispose();

        Assert.Equal((1u, 1u), (xen.Domain.Resumes, xen.Domain.Told));
        Assert.Throws<ObjectDisposedException>(suspend.Pause);
        Assert.Throws<ObjectDisposedException>(suspend.Resume);
        Assert.Throws<ObjectDisposedException>(suspend.ReadState);
        AssertNothingIsLeft(xen);
    }

    [Fact]
    public void What_has_state_that_is_not_Xens_is_refused()
    {
        using FakeXen xen = Guest();
        using XenDomain domain = xen.Open();
        Assert.False(domain.HasDeviceModel());
        xen.SetDeviceModel();
        Assert.True(domain.HasDeviceModel());
        UnsupportedException refused = Assert.Throws<UnsupportedException>(() => Suspend(domain));
        Assert.All(["device model (QEMU)", "xl remus", "pagestore receive", "xl save -c", "paused epochs"], words => Assert.Contains(words, refused.Message, StringComparison.Ordinal));
        xen.Domain.Flags &= ~FakeXen.HvmFlag;
        using XenDomain pv = xen.Open();
        Assert.False(pv.HasDeviceModel());
        Assert.Contains("PV guest, whose state", Assert.Throws<UnsupportedException>(() => Suspend(pv)).Message, StringComparison.Ordinal);
        Assert.Equal(0u, xen.Domain.Stores);
    }

    [Theory]
    [InlineData("libxenguest", "fake_xenstore.so", "libxenstore.so.4")]
    [InlineData("libxenstore.so.3.0", "fake_xenguest.so", "libxenguest.so.4.17")]
    public void A_library_that_is_missing_is_told_before_the_guest_is_asked(string missing, string fake, string present)
    {
        using FakeXen xen = Guest();
        string libraries = Directory.CreateTempSubdirectory("fake-xen").FullName;
        try
        {
            _ = xen.Install("fake_xenctrl_4_16.so", libraries, "libxenctrl.so.4.17");
            _ = xen.Install("fake_xenforeignmemory.so", libraries, "libxenforeignmemory.so.1");
            _ = xen.Install(fake, libraries, present);
            using XenDomain domain = XenDomain.Open(FakeXen.DomainId, libraries);
            UnsupportedException e = Assert.Throws<UnsupportedException>(() => Suspend(domain));
            Assert.Contains(missing, e.Message, StringComparison.Ordinal);
            Assert.True(e.IsMissingOnHost);
        }
        finally
        {
            Directory.Delete(libraries, recursive: true);
        }

        AssertNothingIsLeft(xen);
    }

    [Fact]
    public void A_xenstore_that_does_not_answer_is_told()
    {
        using FakeXen xen = Guest();
        using XenDomain domain = xen.Open();
        xen.Fail(FakeCall.StoreOpen, 2);
        Assert.Contains("xenstored", Assert.Throws<StorageException>(() => Suspend(domain)).Message, StringComparison.Ordinal);
    }

    private static unsafe FakeXen Guest(FakeRelease release = FakeRelease.From416)
    {
        var xen = new FakeXen(release);
        (xen.Domain.Params[1], xen.Domain.Params[17]) = (0xfeff1, 0xff001);
        return xen;
    }

    private static IReadOnlyList<GuestStateSection> Sections(XenGuestState state, out XenGuestState? read)
    {
        read = state;
        return [new GuestStateSection("s", state.HvmContext)];
    }

    private XenSuspend Suspend(XenDomain domain, TimeSpan? patience = null) => new(domain, _ => [], patience ?? Patience, _configurations);

    private static void AssertRuns(FakeXen xen) => Assert.Equal((0u, 0u, 0u), (xen.Domain.Flags & FakeXen.ShutdownFlag, xen.Domain.Pauses, xen.Domain.Transactions));

    private static void AssertNothingIsLeft(FakeXen xen)
    {
        AssertRuns(xen);
        Assert.Equal((0u, 0u, 0u), (xen.Domain.Stores, xen.Domain.Interfaces, xen.Domain.Policies));
    }
}
