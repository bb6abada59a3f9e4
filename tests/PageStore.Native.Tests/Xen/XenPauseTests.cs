namespace PageStore.Native.Tests;

/// <summary>Each pause is taken back once, and nobody else's is.</summary>
public sealed class XenPauseTests
{
    [Fact]
    public void It_pauses_and_takes_back_its_own_pause_only()
    {
        using var xen = new FakeXen();
        xen.Domain.Pauses = 1;
        using XenDomain domain = xen.Open();
        using var pause = new XenPause(domain);

        Assert.Throws<InvalidOperationException>(pause.Resume);
        pause.Pause();
        Assert.Throws<InvalidOperationException>(pause.Pause);
        Assert.Equal(2u, xen.Domain.Pauses);
        Assert.True(domain.GetState().IsPaused);
        pause.Resume();
        Assert.Throws<InvalidOperationException>(pause.Resume);

        Assert.Equal(1u, xen.Domain.Pauses);
    }

    [Fact]
    public void Disposing_lets_the_guest_go_on()
    {
        using var xen = new FakeXen();
        XenDomain domain = xen.Open();
        var pause = new XenPause(domain);
        domain.Dispose();
        pause.Pause();

        pause.Dispose();
        pause.Dispose();

        Assert.Equal((0u, 0u), (xen.Domain.Pauses, xen.Domain.Interfaces));
        Assert.Throws<ObjectDisposedException>(pause.Pause);
        Assert.Throws<ObjectDisposedException>(pause.Resume);
    }

    [Fact]
    public void A_refusal_leaves_the_guest_as_it_was()
    {
        using var xen = new FakeXen();
        using XenDomain domain = xen.Open();
        using var pause = new XenPause(domain);
        xen.Fail(FakeCall.Pause, NativeErrors.Eperm);
        Assert.Throws<UnsupportedException>(pause.Pause);
        xen.Fail(FakeCall.None, 0);
        pause.Pause();
        xen.Fail(FakeCall.Unpause, 5);
        Assert.Contains("xl unpause 7", Assert.Throws<StorageException>(pause.Resume).Message, StringComparison.Ordinal);
        xen.Fail(FakeCall.None, 0);
        pause.Resume();

        Assert.Equal(0u, xen.Domain.Pauses);
    }

    [Fact]
    public void A_domain_that_dies_or_is_another_is_not_left_paused()
    {
        using var xen = new FakeXen();
        using XenDomain domain = xen.Open();
        using var pause = new XenPause(domain);
        xen.ReplaceByAnother();
        Assert.Contains("gone", Assert.Throws<StorageException>(pause.Pause).Message, StringComparison.Ordinal);
        xen.Domain.DyingCall = FakeCall.Pause;
        Assert.Contains("gone", Assert.Throws<StorageException>(pause.Pause).Message, StringComparison.Ordinal);
        xen.Domain.Exists = 0;
        Assert.Contains("gone", Assert.Throws<StorageException>(pause.Pause).Message, StringComparison.Ordinal);

        Assert.Equal(0u, xen.Domain.Pauses);
    }
}
