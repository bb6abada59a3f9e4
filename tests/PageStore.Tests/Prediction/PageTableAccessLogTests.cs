using FsCheck.Xunit;
using Xunit;
using static PageStore.Tests.Prediction.TableGuest;

namespace PageStore.Tests.Prediction;

public sealed class PageTableAccessLogTests
{
    /// <summary>Programs map these pages.</summary>
    private const int FirstData = 700;
    private const int DataPages = 300;

    private static readonly PageTableAccessOptions NoSearch = new() { SearchPages = 0 };

    [Property(MaxTest = 300)]
    public void R_is_what_programs_accessed_and_nobody_wrote(int seed, bool walksWrite)
    {
        var random = new Random(seed);
        var guest = new RunningGuest { WalksWrite = walksWrite };
        using var log = new PageTableAccessLog(guest, guest.Memory, guest, NoSearch);
        List<int> spaces = [guest.Begin(), guest.Begin()];
        guest.Processors.Add(spaces[0]);
        log.Start();
        HashSet<int> known = [];
        for (int interval = 0; interval < 8; interval++)
        {
            foreach (HashSet<int> accessed in guest.Accessed.Values)
            {
                accessed.Clear();
            }

            Work(guest, random, spaces);
            known.IntersectWith(spaces);
            HashSet<long> told = [.. known.SelectMany(space => guest.Accessed[space].Select(address => guest.PageAt(space, address)!.Value))];
            using var before = new PageBitmap(log.PageCount);
            guest.Peek(before);

            (HashSet<long> w, HashSet<long> r) = Harvest(log);

            Assert.Equal(told.Where(page => !w.Contains(page)).Order(), r.Order());
            Assert.Empty(before.ToNumbers().Except(w));
            // Tables besides: of programs, and page 6 of the kernel.
            Assert.All(w.Except(before.ToNumbers()), page => Assert.True(page is 6 or (>= 100 and < 600)));
            known.Add(guest.Processors[0]);
            Assert.Equal(known.Count, log.LastHarvest.Spaces);
            Assert.True(log.LastHarvest.IsComplete);
        }
    }

    [Fact]
    public void The_first_harvest_clears_and_tells_nothing_and_a_copy_of_W_then_is_the_guest()
    {
        RunningGuest guest = WithProgram(out int root, pages: 5);
        guest.Access(root, 1, isWrite: false);
        using var log = new PageTableAccessLog(guest, guest.Memory, guest, NoSearch);
        log.Start();
        guest.Access(root, 2, isWrite: false);

        (HashSet<long> w, HashSet<long> r) = Harvest(log);

        Assert.Empty(r);
        // Of the kernel's data page, too.
        Assert.Equal(3, log.LastHarvest.BitsCleared);
        Assert.Equal(0UL, guest.Memory[guest.LeafOf(root), 1] & Accessed);
        Assert.Contains(guest.LeafOf(root), w);

        guest.Access(root, 2, isWrite: false);
        guest.Access(root, 3, isWrite: true);
        (w, r) = Harvest(log);
        Assert.Equal([FirstData + 2], r);
        Assert.Equal([guest.LeafOf(root), FirstData + 3], w.Order());
        Assert.Equal(1, log.LastHarvest.TablesRead);

        (w, r) = Harvest(log);
        Assert.Empty(w);
        Assert.Empty(r);
        Assert.Equal(0, log.LastHarvest.TablesRead);
    }

    [Fact]
    public void A_harvest_of_a_running_guest_clears_nothing_and_the_next_one_tells()
    {
        RunningGuest guest = WithProgram(out int root, pages: 5);
        using var log = new PageTableAccessLog(guest, guest.Memory, guest, NoSearch);
        log.Start();
        Harvest(log);
        guest.Access(root, 1, isWrite: false);
        guest.Access(root, 2, isWrite: true);
        guest.IsStanding = false;
        (HashSet<long> w, HashSet<long> r) = Harvest(log);
        Assert.Contains(FirstData + 2L, w);
        Assert.Empty(r);
        Assert.Equal(default, log.LastHarvest);

        guest.Access(root, 3, isWrite: false);
        guest.IsStanding = true;
        using (var other = new PageBitmap(log.PageCount))
        {
            log.Harvest(other);
        }

        (_, r) = Harvest(log);
        Assert.Equal([FirstData + 1, FirstData + 3], r.Order());
    }

    [Fact]
    public void A_space_that_no_processor_was_seen_in_is_read_and_never_changed()
    {
        RunningGuest guest = WithProgram(out int root, pages: 5);
        int other = guest.Begin();
        guest.Map(other, 0, FirstData + 10);
        guest.Map(other, 1, FirstData + 11);
        guest.Access(other, 0, isWrite: false);
        using var log = new PageTableAccessLog(guest, guest.Memory, guest);
        log.Start();
        Harvest(log);
        // Roots 1 and 2 of the guest, and this one.
        Assert.Equal((1, 3), (log.LastHarvest.Spaces, log.LastHarvest.OtherSpaces));

        guest.Access(other, 0, isWrite: false);
        guest.Access(other, 1, isWrite: false);
        Assert.Equal([FirstData + 11], Harvest(log).Read);
        guest.Access(other, 1, isWrite: false);
        Assert.Empty(Harvest(log).Read);
        Assert.NotEqual(0UL, guest.Memory[guest.LeafOf(other), 0] & Accessed);

        guest.Processors[0] = other;
        Harvest(log);
        Assert.Equal((2, 2), (log.LastHarvest.Spaces, log.LastHarvest.OtherSpaces));
        Assert.Equal(0UL, guest.Memory[guest.LeafOf(other), 0] & Accessed);
        guest.Access(other, 0, isWrite: false);
        Assert.Equal([FirstData + 10], Harvest(log).Read);
    }

    [Fact]
    public void Spaces_that_begin_later_are_found_among_the_pages_written()
    {
        RunningGuest guest = WithProgram(out _, pages: 5);
        using var log = new PageTableAccessLog(guest, guest.Memory, guest, new() { SearchPages = 3 });
        log.Start();
        Harvest(log);
        int other = guest.Begin();
        guest.Map(other, 0, FirstData + 10);
        int harvests = 0;
        do
        {
            // Page 50 is written all the time, and must not keep the others from being looked at.
            guest.Write(50, 0, (ulong)harvests);
            Harvest(log);
        }
        while (log.LastHarvest.OtherSpaces < 3 && ++harvests < 10);

        Assert.Equal(3, log.LastHarvest.OtherSpaces);
        guest.Access(other, 0, isWrite: false);
        Assert.Equal([FirstData + 10], Harvest(log).Read);
        guest.End(other);
        Harvest(log);
        Assert.Equal(2, log.LastHarvest.OtherSpaces);
    }

    [Fact]
    public void Nothing_is_changed_below_a_root_that_is_free_or_below_its_copy()
    {
        RunningGuest guest = WithProgram(out int root, pages: 5);
        int ended = guest.Begin();
        guest.Map(ended, 0, FirstData + 10);
        guest.Processors.Add(ended);
        using var log = new PageTableAccessLog(guest, guest.Memory, guest);
        log.Start();
        Harvest(log);
        Assert.Equal(2, log.LastHarvest.Spaces);
        int leaf = guest.LeafOf(ended);
        guest.Processors.RemoveAt(1);
        // A file in the guest's memory that holds a copy of the root, and a table that is data by now.
        for (int i = 0; i < 512; i++)
        {
            guest.Write(1100, i, guest.Memory[ended, i]);
        }

        guest.End(ended);
        guest.Write(leaf, 7, To(FirstData + 20, Present | User | Accessed));
        guest.Access(root, 1, isWrite: false);

        (HashSet<long> _, HashSet<long> r) = Harvest(log);

        Assert.Equal([FirstData + 1], r);
        Assert.Equal(1, log.LastHarvest.Spaces);
        Assert.Equal(To(FirstData + 20, Present | User | Accessed), guest.Memory[leaf, 7]);
        for (int i = 0; i < 20; i++)
        {
            guest.Write(leaf, 7, To(FirstData + 20, Present | User | Accessed));
            Harvest(log);
        }

        Assert.Equal(To(FirstData + 20, Present | User | Accessed), guest.Memory[leaf, 7]);
    }

    [Fact]
    public void The_kernel_s_small_pages_are_told_and_its_large_ones_counted()
    {
        RunningGuest guest = WithProgram(out _, pages: 1);
        using var log = new PageTableAccessLog(guest, guest.Memory, guest, NoSearch);
        log.Start();
        Harvest(log);
        Assert.Equal(0UL, guest.Memory[6, 3] & Accessed);
        Assert.Equal(5, log.LastHarvest.LargePages);
        guest.Write(6, 3, guest.Memory[6, 3] | Accessed);
        guest.Write(5, 8, guest.Memory[5, 8] | Accessed);
        Assert.Equal([30], Harvest(log).Read);
        Assert.NotEqual(0UL, guest.Memory[5, 8] & Accessed);
    }

    [Fact]
    public void Tables_that_name_each_other_or_what_is_not_there_end_the_walk()
    {
        RunningGuest guest = WithProgram(out int root, pages: 1);
        guest.Write(root, 1, To(root, Table | User));
        guest.Write(root, 2, To(900, Table | User));
        guest.Write(root, 3, To(0xff_ffff_ffff, Table | User));
        guest.Memory.Holes.Add(900);
        guest.Processors.Add(5000);
        guest.Processors.Add(900);
        using var log = new PageTableAccessLog(guest, guest.Memory, guest);
        log.Start();
        for (int i = 0; i < 3; i++)
        {
            guest.Access(root, 0, isWrite: false);
            Harvest(log);
        }

        Assert.Equal(1, log.LastHarvest.Spaces);
        Assert.True(log.LastHarvest.IsComplete);
    }

    [Fact]
    public void A_guest_that_makes_more_tables_than_any_needs_is_not_walked_to_the_end()
    {
        RunningGuest guest = WithProgram(out int root, pages: 1);
        // 600 tables of 600 entries each, at each of three levels.
        for (int table = 600; table < 1200; table++)
        {
            for (int i = 0; i < 512; i++)
            {
                guest.Write(table, i, To(600 + ((table + i) % 600), Table | User));
            }
        }

        guest.Write(root, 1, To(600, Table | User));
        using var log = new PageTableAccessLog(guest, guest.Memory, guest, NoSearch);
        log.Start();
        Harvest(log);
        Assert.False(log.LastHarvest.IsComplete);
    }

    [Fact]
    public void What_was_harvested_before_a_failure_is_told_again()
    {
        RunningGuest guest = WithProgram(out int root, pages: 5);
        using var log = new PageTableAccessLog(guest, guest.Memory, guest, NoSearch);
        log.Start();
        guest.Access(root, 1, isWrite: false);
        Harvest(log);
        guest.Access(root, 1, isWrite: true);
        guest.Access(root, 2, isWrite: false);
        guest.Failure = new StorageException("refused");
        Assert.Throws<StorageException>(() => Harvest(log));
        guest.Failure = null;

        (HashSet<long> w, HashSet<long> r) = Harvest(log);

        Assert.Equal([guest.LeafOf(root), FirstData + 1], w.Order());
        Assert.Empty(r);
        guest.Access(root, 2, isWrite: false);
        Assert.Equal([FirstData + 2], Harvest(log).Read);
    }

    [Fact]
    public void A_guest_whose_processors_use_no_such_tables_tells_W()
    {
        RunningGuest guest = WithProgram(out int root, pages: 5);
        guest.Processors.Clear();
        using var log = new PageTableAccessLog(guest, guest.Memory, guest);
        log.Start();
        guest.Access(root, 1, isWrite: true);
        Assert.Contains(FirstData + 1L, Harvest(log).Written);
        Assert.Equal((0, 0, 0), (log.LastHarvest.Spaces, log.LastHarvest.OtherSpaces, log.LastHarvest.Tables));
    }

    [Fact]
    public void Arguments_and_states_are_checked()
    {
        var guest = new RunningGuest();
        Assert.Throws<ArgumentException>(() => new PageTableAccessLog(guest, new TableGuest(10), guest));
        Assert.Throws<ArgumentException>(() => new PageTableAccessLog(guest, new TableGuest(1200) { PageSize = 16384 }, guest));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PageTableAccessLog(guest, guest.Memory, guest, new() { SearchPages = -1 }));
        var log = new PageTableAccessLog(guest, guest.Memory, guest);
        using var small = new PageBitmap(10);
        using var pages = new PageBitmap(log.PageCount);
        log.Start();
        Assert.Throws<ArgumentException>(() => log.HarvestAccesses(pages, small));
        Assert.Throws<ArgumentException>(() => log.HarvestAccesses(small, pages));
        Assert.Throws<ArgumentException>(() => log.Harvest(small));
        Assert.Throws<ArgumentException>(() => log.Peek(small));
        guest.Write(300, 0, 1);
        log.Peek(pages);
        Assert.Equal([300], pages.ToNumbers());
        log.Dispose();
        log.Dispose();
        Assert.False(guest.IsRunning);
        Assert.Throws<ObjectDisposedException>(() => log.Harvest(pages));
        Assert.Throws<ObjectDisposedException>(log.Start);
    }

    private static void Work(RunningGuest guest, Random random, List<int> spaces)
    {
        for (int i = 0; i < 40; i++)
        {
            int space = spaces[random.Next(spaces.Count)];
            int address = random.Next(4) * 300;
            switch (random.Next(20))
            {
                case < 8:
                    guest.Map(space, address + random.Next(5), FirstData + random.Next(DataPages));
                    break;
                case < 17:
                    guest.Access(space, address + random.Next(5), isWrite: random.Next(3) == 0);
                    break;
                case 17:
                    guest.Unmap(space, address + random.Next(5));
                    break;
                case 18:
                    guest.Processors[0] = space;
                    break;
                default:
                    Replace(guest, spaces, space);
                    break;
            }
        }
    }

    /// <summary>A program ends, and another begins.</summary>
    private static void Replace(RunningGuest guest, List<int> spaces, int space)
    {
        spaces.Remove(space);
        guest.Processors[0] = guest.Processors[0] == space ? spaces[0] : guest.Processors[0];
        guest.End(space);
        spaces.Add(guest.Begin());
    }

    private static RunningGuest WithProgram(out int root, int pages)
    {
        var guest = new RunningGuest();
        root = guest.Begin();
        for (int page = 0; page < pages; page++)
        {
            guest.Map(root, page, FirstData + page);
        }

        guest.Processors.Add(root);
        return guest;
    }

    private static (HashSet<long> Written, HashSet<long> Read) Harvest(PageTableAccessLog log)
    {
        using var written = new PageBitmap(log.PageCount);
        using var read = new PageBitmap(log.PageCount);
        log.HarvestAccesses(written, read);
        return ([.. written.ToNumbers()], [.. read.ToNumbers()]);
    }
}
