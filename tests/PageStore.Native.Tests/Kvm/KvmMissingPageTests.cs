namespace PageStore.Native.Tests;

/// <summary>A guest that touches a page which is not there yet waits, can be stopped, and goes on when it comes; one that is lost stops it.</summary>
public sealed class KvmMissingPageTests
{
    private const long Page = ObeyingGuest.DataPage + 77;

    [Fact]
    public void A_guest_that_waits_for_a_page_is_paused_and_goes_on()
    {
        using ObeyingGuest guest = MakeTouching();
        using var missing = new MissingPages(guest.Memory);
        guest.Begin(GuestCommand.Touch);
        Assert.Equal(KvmState.Running, guest.Machine.Wait(TimeSpan.FromMilliseconds(50)).State);

        guest.Machine.Pause();

        Assert.Equal(KvmState.Standing, guest.Machine.Status.State);
        Assert.NotEmpty(guest.Machine.GetState());
        guest.Machine.Run();
        missing.Bring(Page);
        Assert.Equal(KvmStopReason.AskedForPause, guest.Wait().Reason);
        Assert.Equal(9, guest.Memory.GetPage(new Pfn(Page))[0]);
    }

    [Fact]
    public void A_guest_that_waits_for_a_page_can_be_disposed()
    {
        using ObeyingGuest guest = MakeTouching();
        using var missing = new MissingPages(guest.Memory);
        guest.Begin(GuestCommand.Touch);
        Assert.Equal(KvmState.Running, guest.Machine.Wait(TimeSpan.FromMilliseconds(50)).State);
        guest.Machine.Dispose();
    }

    [Fact]
    public void A_page_that_is_lost_stops_the_guest_with_its_address()
    {
        using ObeyingGuest guest = MakeTouching();
        using var missing = new MissingPages(guest.Memory);
        missing.Lose(Page);

        guest.Begin(GuestCommand.Touch);

        KvmStatus status = guest.Wait();
        Assert.Equal((KvmStopReason.BadMemory, 133), (status.Reason, status.Errno)); // EHWPOISON
        Assert.Equal((ulong)(Page * PageSizes.Default), status.Address);
    }

    /// <summary>Its own pages are there before any is missing.</summary>
    private static ObeyingGuest MakeTouching()
    {
        var guest = new ObeyingGuest();
        guest.Do(GuestCommand.Speak);
        guest.SetParameters(seed: 9, first: Page * PageSizes.Default);
        return guest;
    }
}
