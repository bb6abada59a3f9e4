namespace PageStore.Native.Tests;

/// <summary>The pause for epochs, of a guest that runs and of one that does not.</summary>
public sealed class KvmPauseTests
{
    [Fact]
    public void A_running_guest_is_paused_has_a_state_and_goes_on()
    {
        using var guest = new ObeyingGuest();
        var pause = new KvmPause(guest.Machine);
        guest.Begin(GuestCommand.Count);
        pause.Pause();
        Assert.Equal(KvmState.Standing, guest.Machine.Status.State);
        GuestStateSection section = Assert.Single(pause.ReadState());
        Assert.Equal(KvmPause.StateName, section.Name);
        Assert.Equal(guest.Machine.GetState().Length, section.Content.Length);
        Assert.Throws<InvalidOperationException>(pause.Pause);
        pause.Resume();
        Assert.Equal(KvmState.Running, guest.Machine.Status.State);
        Assert.Throws<InvalidOperationException>(pause.Resume);
    }

    [Fact]
    public void A_guest_that_waits_for_its_owner_stays_so()
    {
        using var guest = new ObeyingGuest();
        var pause = new KvmPause(guest.Machine);
        guest.Do(GuestCommand.Speak);
        pause.Pause();
        pause.Resume();
        Assert.Equal(KvmStopReason.AskedForPause, guest.Machine.Status.Reason);
    }

    [Fact]
    public void Of_a_guest_that_is_gone_there_is_no_epoch()
    {
        using var guest = new ObeyingGuest();
        var pause = new KvmPause(guest.Machine);
        guest.Begin(GuestCommand.Fault);
        guest.Wait();
        StorageException e = Assert.Throws<StorageException>(pause.Pause);
        Assert.Contains("TripleFault", e.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(pause.Resume);
    }
}
