namespace PageStore.Native.Tests;

/// <summary>KVM's dirty log and ring, and the kernel's access log of a KVM guest, against what the guest says it touched.</summary>
public sealed class KvmLogTests
{
    /// <summary>0 for the bitmap; a ring that is full again and again; one that never is.</summary>
    public static TheoryData<int> Rings => [0, 256, 65536];

    [Theory]
    [MemberData(nameof(Rings))]
    public void W_of_KVM_is_exactly_what_the_guest_wrote(int ringEntries)
    {
        using ObeyingGuest guest = Make(ringEntries);
        TouchAll(guest);
        using var log = new KvmDirtyLog(guest.Machine);
        log.Start();
        for (uint round = 1; round < 5; round++)
        {
            HashSet<long> written = guest.Touch(GuestCommand.Write, seed: round, count: 1000);
            guest.Touch(GuestCommand.Read, seed: round + 100, count: 1000);
            Assert.Equal(written.Order(), guest.WithoutTables(Peek(log)));
            Assert.Equal(written.Order(), guest.WithoutTables(Harvest(log)));
            Assert.Empty(Harvest(log));
        }
    }

    [Theory]
    [MemberData(nameof(Rings))]
    public void A_log_that_was_stopped_starts_empty(int ringEntries)
    {
        using ObeyingGuest guest = Make(ringEntries);
        TouchAll(guest);
        using var log = new KvmDirtyLog(guest.Machine);
        log.Start();
        guest.Touch(GuestCommand.Write, seed: 1, count: 200);
        log.Stop();
        guest.Touch(GuestCommand.Write, seed: 2, count: 200);
        log.Start();
        Assert.Empty(Harvest(log));
        HashSet<long> written = guest.Touch(GuestCommand.Write, seed: 3, count: 200);
        Assert.Equal(written.Order(), guest.WithoutTables(Harvest(log)));
    }

    [Theory]
    [MemberData(nameof(Rings))]
    public void No_write_of_a_running_guest_is_lost(int ringEntries)
    {
        using ObeyingGuest guest = Make(ringEntries);
        using var log = new KvmDirtyLog(guest.Machine);
        byte[] copy = guest.Image();
        log.Start();
        guest.SetParameters(seed: 5, count: 20_000);
        guest.Begin(GuestCommand.Write);
        var types = new GuestPageType[1];
        using var written = new PageBitmap(log.PageCount);
        bool runs;
        do
        {
            runs = guest.Machine.Status.State == KvmState.Running;
            written.ClearAll();
            log.Harvest(written);
            foreach (Pfn page in written.SetBits())
            {
                guest.Memory.CopyPages(page, copy.AsSpan((int)page.Value * PageSizes.Default, PageSizes.Default), types);
            }
        }
        while (runs);

        // The parameters were written by this process, which KVM's log does not see.
        guest.Memory.CopyPages(new Pfn(ObeyingGuest.ParametersPage), copy.AsSpan((int)ObeyingGuest.ParametersPage * PageSizes.Default, PageSizes.Default), types);
        Assert.True(copy.AsSpan().SequenceEqual(guest.Image()), "a written page was not reported");
    }

    [Fact]
    public void W_and_R_of_the_access_log_are_exactly_what_the_guest_wrote_and_read()
    {
        using ObeyingGuest guest = Make(0);
        SkipUnlessTrackable();
        using var log = new LinuxAccessLog(guest.Memory);
        guest.Do(GuestCommand.Speak); // its start alone writes to the stack
        log.Start();
        for (uint round = 1; round < 5; round++)
        {
            HashSet<long> written = guest.Touch(GuestCommand.Write, seed: round, count: 500);
            HashSet<long> read = guest.Touch(GuestCommand.Read, seed: round + 100, count: 1000);
            using var w = new PageBitmap(log.PageCount);
            using var r = new PageBitmap(log.PageCount);
            log.HarvestAccesses(w, r);

            // This process wrote the parameters.
            written.Add(ObeyingGuest.ParametersPage);
            Assert.Equal(written.Order(), guest.WithoutTables(Guest.PagesIn(w)));
            HashSet<long> found = Guest.PagesIn(r);
            Assert.Empty(read.Except(written).Except(found));
            Assert.Empty(found.Except(read).Except(guest.Overhead));
        }
    }

    [Fact]
    public void Pages_that_the_access_log_lets_KVM_forget_are_seen_again()
    {
        using ObeyingGuest guest = Make(0);
        SkipUnlessTrackable();
        using var log = new LinuxAccessLog(guest.Memory);
        using var w = new PageBitmap(log.PageCount);
        using var r = new PageBitmap(log.PageCount);
        guest.Touch(GuestCommand.Write, seed: 1, count: 1000);
        log.Start();
        HashSet<long> first = guest.Touch(GuestCommand.Read, seed: 1, count: 1000);
        log.HarvestAccesses(w, r);
        Assert.Superset(first, Guest.PagesIn(r));
        r.ClearAll();
        log.HarvestAccesses(w, r);
        Assert.Equal(0, r.Count());
        HashSet<long> again = guest.Touch(GuestCommand.Read, seed: 1, count: 1000);
        log.HarvestAccesses(w, r);
        Assert.Superset(again, Guest.PagesIn(r));
    }

    [Fact]
    public void What_the_state_of_a_log_forbids_is_refused()
    {
        using ObeyingGuest guest = Make(0);
        using var log = new KvmDirtyLog(guest.Machine);
        using var second = new KvmDirtyLog(guest.Machine);
        using var pages = new PageBitmap(log.PageCount);
        using var tooShort = new PageBitmap(log.PageCount - 1);
        Assert.Throws<InvalidOperationException>(() => log.Harvest(pages));
        Assert.Throws<InvalidOperationException>(() => log.Peek(pages));
        log.Start();
        Assert.Throws<InvalidOperationException>(log.Start);
        Assert.Throws<InvalidOperationException>(second.Start);
        Assert.Throws<ArgumentException>(() => log.Harvest(tooShort));
        guest.Machine.Dispose();
        log.Dispose();
        log.Dispose();
        Assert.Throws<ObjectDisposedException>(() => log.Harvest(pages));
        Assert.Throws<ObjectDisposedException>(log.Start);
    }

    /// <summary>KVM counts a page as written that it maps for writing at a first read: so all are mapped before.</summary>
    private static void TouchAll(ObeyingGuest guest)
    {
        for (ulong seed = 1; seed < 5; seed++)
        {
            guest.Touch(GuestCommand.Write, seed, count: 1000);
            guest.Touch(GuestCommand.Read, seed + 100, count: 1000);
        }
    }

    private static ObeyingGuest Make(int ringEntries)
    {
        int most = KvmCapabilities.Probe().MaxDirtyRingBytes;
        Assert.SkipWhen(ringEntries * 16 > most, $"KVM has dirty rings of at most {most} bytes here: Linux 5.11 or newer has larger ones.");
        return new ObeyingGuest(new KvmMachineOptions { DirtyRingEntries = ringEntries });
    }

    private static void SkipUnlessTrackable()
    {
        string? missing = LinuxTrackingCapabilities.Probe().Missing;
        Assert.SkipWhen(missing is not null, missing ?? string.Empty);
    }

    private static long[] Peek(KvmDirtyLog log)
    {
        using var pages = new PageBitmap(log.PageCount);
        log.Peek(pages);
        return [.. Guest.PagesIn(pages).Order()];
    }

    private static long[] Harvest(KvmDirtyLog log)
    {
        using var pages = new PageBitmap(log.PageCount);
        log.Harvest(pages);
        return [.. Guest.PagesIn(pages).Order()];
    }
}
