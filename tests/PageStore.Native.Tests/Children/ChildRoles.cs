namespace PageStore.Native.Tests;

/// <summary>What this program does as the child of a test: takes rights away from itself, tracks, and says what it saw.</summary>
internal static class ChildRoles
{
    internal const string Unprivileged = "unprivileged";
    internal const string Filtered = "filtered";
    internal const string FilteredUnprivileged = "filtered-unprivileged";

    internal static int Run(string role)
    {
        // Once with all rights, so that every assembly is loaded before a directory may become unreadable.
        TrackOnce();
        if (role is Filtered or FilteredUnprivileged)
        {
            Restrictions.ForbidUserfaultfd();
        }

        if (role is Unprivileged or FilteredUnprivileged)
        {
            Restrictions.DropPrivileges();
        }

        LinuxTrackingCapabilities now = LinuxTrackingCapabilities.Probe();
        Console.WriteLine($"user={Libc.geteuid()}");
        Console.WriteLine(File.ReadLines("/proc/self/status").First(line => line.StartsWith("CapEff", StringComparison.Ordinal)));
        Console.WriteLine($"kernel-faults={now.HasKernelFaults}");
        Console.WriteLine($"userfaultfd={now.HasUserfaultfd}");
        Console.WriteLine($"missing={now.Missing ?? "nothing"}");
        try
        {
            Console.WriteLine($"tracked={TrackOnce()}");
        }
        catch (UnsupportedException e)
        {
            Console.WriteLine($"unsupported={e.Message}");
            Console.WriteLine($"errno={e.Errno}");
        }

        return 0;
    }

    /// <summary>Several rounds over all kinds of memory, writes from inside the kernel among them.</summary>
    /// <returns>Whether every set was exact.</returns>
    private static bool TrackOnce()
    {
        const int Pages = 3000;
        bool exact = true;
        using (MemoryRegion shared = MemoryRegion.CreateShared((long)Pages * Environment.SystemPageSize))
        using (var log = new LinuxAccessLog(shared))
        {
            exact &= TrackRounds(shared, log);
        }

        using (MemoryRegion memory = MemoryRegion.CreatePrivate((long)Pages * Environment.SystemPageSize))
        using (var log = new LinuxDirtyLog(memory))
        {
            exact &= TrackRounds(memory, log);
        }

        return exact;
    }

    private static bool TrackRounds(MemoryRegion region, IDirtyLog log)
    {
        bool exact = true;
        var random = new Random(7);
        log.Start();
        for (int round = 0; round < 3; round++)
        {
            var guest = new Guest(region);
            for (int i = 0; i < 200; i++)
            {
                guest.Access(random.Next((int)region.PageCount), random.Next(1, 4), (AccessKind)random.Next(3));
            }

            guest.WriteFromKernel(random.Next((int)region.PageCount));
            using var written = new PageBitmap(log.PageCount);
            using var read = new PageBitmap(log.PageCount);
            if (log is IAccessLog accesses)
            {
                accesses.HarvestAccesses(written, read);
                exact &= guest.Read.SetEquals(Guest.PagesIn(read));
            }
            else
            {
                log.Harvest(written);
            }

            exact &= guest.Written.SetEquals(Guest.PagesIn(written));
        }

        return exact;
    }
}
