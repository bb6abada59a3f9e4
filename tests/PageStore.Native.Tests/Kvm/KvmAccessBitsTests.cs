namespace PageStore.Native.Tests;

/// <summary>What the accessed bits of a KVM guest's own page tables tell, against what the guest says it touched, and against the kernel's access log.</summary>
public sealed class KvmAccessBitsTests(ITestOutputHelper output)
{
    private const int Rounds = 8;

    // As in ps_kvm_load, of 32 MiB: level 4, level 3, one of level 2, and those of level 1 from page 4 on.
    private const int FirstLevel1 = 4;
    private const int Tables = 19;

    private static long[] TablePages => [.. Enumerable.Range(1, Tables).Select(page => (long)page)];

    [Fact]
    public void R_of_the_bits_is_R_of_the_access_log()
    {
        SkipUnlessTrackable();
        using ObeyingGuest guest = Small();
        using var dirty = new LinuxDirtyLog(guest.Memory);
        using var bits = new KvmAccessBits(guest.Machine);
        using var log = new PageTableAccessLog(dirty, guest.Memory, bits);
        using ObeyingGuest twin = Small();
        using var exact = new LinuxAccessLog(twin.Memory);
        (double found, double told, double right) = (0, 0, 0);
        log.Start();
        exact.Start();
        Work(guest, log, round: 0);
        Work(twin, exact, round: 0);
        for (uint round = 1; round <= Rounds; round++)
        {
            (HashSet<long> w, HashSet<long> r) = Work(guest, log, round);
            (HashSet<long> exactW, HashSet<long> exactR) = Work(twin, exact, round);
            r.ExceptWith(Apart(guest));
            exactR.ExceptWith(Apart(twin));
            (found, told, right) = (found + r.Count, told + exactR.Count, right + r.Intersect(exactR).Count());
            Assert.Equal(twin.WithoutTables(exactW), guest.WithoutTables(w));
            output.WriteLine($"W {exactW.Count} and {w.Count - exactW.Count} tables; R {exactR.Count}, by the bits {r.Count}; {log.LastHarvest}");
        }

        output.WriteLine($"recall {right / told:f3}, precision {right / found:f3}");
        // The log of the mapping makes KVM, and so the processor, forget each translation of the memory at a harvest.
        Assert.Equal((told, told), (right, found));
    }

    [Fact]
    public void Beside_the_log_of_KVM_nothing_is_told_that_was_not_read_and_the_clearing_is_no_write()
    {
        using ObeyingGuest guest = Small();
        using var dirty = new KvmDirtyLog(guest.Machine);
        using var bits = new KvmAccessBits(guest.Machine);
        using var log = new PageTableAccessLog(dirty, guest.Memory, bits);
        (double found, double told) = (0, 0);
        guest.Do(GuestCommand.Speak);
        log.Start();
        for (uint round = 0; round <= Rounds; round++)
        {
            HashSet<long> written = guest.Touch(GuestCommand.Write, Seed(round), count: 300);
            HashSet<long> read = guest.Touch(GuestCommand.Read, Seed(round) + 100, count: 1000);
            (HashSet<long> w, HashSet<long> r) = Harvest(log);
            Assert.Empty(written.Except(w));
            Assert.Empty(r.Except(read).Except(guest.Overhead).Except(TablePages));
            Assert.Empty(r.Intersect(w));
            read.ExceptWith(w);
            (found, told) = (found + (round == 0 ? 0 : r.Intersect(read).Count()), told + (round == 0 ? 0 : read.Count));
            (w, _) = Harvest(log);
            Assert.Empty(w);
        }

        // A figure: it depends on whether the host's processor walks the guest's tables, or KVM keeps shadows of them, which know nothing of the clearing.
        output.WriteLine($"recall {found / told:f3}");
    }

    [Fact]
    public void Large_pages_tell_nothing_and_are_counted()
    {
        using var guest = new ObeyingGuest();
        using var dirty = new KvmDirtyLog(guest.Machine);
        using var bits = new KvmAccessBits(guest.Machine);
        using var log = new PageTableAccessLog(dirty, guest.Memory, bits);
        log.Start();
        Harvest(log);
        guest.Touch(GuestCommand.Read, seed: 1, count: 100);
        Assert.Empty(Harvest(log).Read);
        Assert.Equal((1, 3, 16L, 0L), (log.LastHarvest.Spaces, log.LastHarvest.Tables, log.LastHarvest.LargePages, log.LastHarvest.BitsCleared));
    }

    [Fact]
    public void A_guest_that_runs_is_not_touched()
    {
        using ObeyingGuest guest = Small();
        using var bits = new KvmAccessBits(guest.Machine);
        ulong[] all = [.. Enumerable.Repeat(ulong.MaxValue, 8)];
        Pfn[] table = [new Pfn(FirstLevel1 + 8)];
        Assert.True(bits.IsStanding);
        Assert.Equal([new Pfn(1)], bits.ReadRoots());
        byte[] before = guest.Image();
        Assert.Throws<ArgumentException>(() => bits.Clear(table, all.AsSpan(1)));
        Assert.Throws<ArgumentException>(() => bits.Clear([table[0], new Pfn(guest.Memory.PageCount)], [.. all, .. all]));
        Assert.True(before.AsSpan().SequenceEqual(guest.Image()));

        guest.Begin(GuestCommand.Spin);
        Assert.False(bits.IsStanding);
        Assert.Throws<InvalidOperationException>(() => bits.Clear(table, all));
        Assert.Throws<InvalidOperationException>(bits.ReadRoots);
        guest.Machine.SetInput(0);
        guest.Wait();

        Assert.Equal(512, bits.Clear(table, all));
        Assert.Equal(0, bits.Clear(table, all));
        bits.Dispose();
        bits.Dispose();
        Assert.Throws<ObjectDisposedException>(() => bits.IsStanding);
        Assert.Throws<ObjectDisposedException>(bits.ReadRoots);
        Assert.Throws<ObjectDisposedException>(() => bits.Clear(table, all));
    }

    private static ObeyingGuest Small() => new(paging: KvmPaging.SmallPages);

    private static void SkipUnlessTrackable()
    {
        string? missing = LinuxTrackingCapabilities.Probe().Missing;
        Assert.SkipWhen(missing is not null, missing ?? string.Empty);
    }

    /// <summary>So that what was touched in one interval is touched again in a later one.</summary>
    private static uint Seed(uint round) => (round % 4) + 1;

    /// <summary>What counts for one of the logs only: tables, which a processor reads and no program does, and what it has besides.</summary>
    private static IEnumerable<long> Apart(ObeyingGuest guest) => guest.Overhead.Concat(TablePages);

    private static (HashSet<long> Written, HashSet<long> Read) Work(ObeyingGuest guest, IAccessLog log, uint round)
    {
        guest.Touch(GuestCommand.Write, Seed(round), count: 300);
        guest.Touch(GuestCommand.Read, Seed(round) + 100, count: 1000);
        return Harvest(log);
    }

    private static (HashSet<long> Written, HashSet<long> Read) Harvest(IAccessLog log)
    {
        using var written = new PageBitmap(log.PageCount);
        using var read = new PageBitmap(log.PageCount);
        log.HarvestAccesses(written, read);
        return (Guest.PagesIn(written), Guest.PagesIn(read));
    }
}
