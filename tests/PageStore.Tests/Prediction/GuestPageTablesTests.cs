using Xunit;
using static PageStore.Tests.Prediction.TableGuest;

namespace PageStore.Tests.Prediction;

public sealed class GuestPageTablesTests
{
    private const ulong Seen = Present | User | Accessed;

    [Fact]
    public void Tables_programs_and_the_kernel_are_told_apart()
    {
        TableGuest guest = WithKernel();
        guest.MapUser(
            1, 10, To(100, Seen), To(101, Seen | NoExecute), To(102, Seen | Writable | Dirty | NoExecute), To(103, Present | User | NoExecute), To(104, Present | Accessed | NoExecute));
        guest.MapUser(2, 20, To(100, Seen | NoExecute), To(101, Seen | Writable | Dirty | NoExecute), To(110, Seen | NoExecute));
        guest[300, 7] = 5;

        using GuestPageTables tables = GuestPageTables.Find(guest, TestContext.Current.CancellationToken)!;

        Assert.Equal(2, tables.AddressSpaceCount);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 20, 21, 22], tables.Tables.ToNumbers());
        Assert.Equal([1, 2, 3, 4, 5, 6, 10, 11, 12, 20, 21, 22], tables.UsedTables.ToNumbers());
        Assert.Equal([100, 101, 102, 110], tables.UserPages.ToNumbers());
        Assert.Equal(Enumerable.Range(512, 512).Select(page => (long)page), tables.KernelCode.ToNumbers());
        Assert.Equal(Enumerable.Range(512, 230).Select(page => (long)page), tables.KernelCodeEarly.ToNumbers());
        Assert.Equal([30], tables.KernelData.ToNumbers());
        Assert.Equal(Enumerable.Range(1024, 176).Select(page => (long)page), tables.KernelConstants.ToNumbers());
        Assert.False(tables.Zero.Contains(new Pfn(300)));
        Assert.True(tables.Zero.Contains(new Pfn(301)));
        Assert.Equal([(100, 0), (100, 1), (101, 0), (101, 1), (102, 0), (104, 0), (110, 1)], Pairs(tables.Accessed));
        Assert.Equal([(101, 1), (102, 0)], Pairs(tables.Dirtied));
        Assert.Equal([(1, 0), (2, 1), (10, 0), (11, 0), (12, 0), (20, 1), (21, 1), (22, 1)], Pairs(tables.SpaceTables));
    }

    [Fact]
    public void A_table_that_was_not_used_since_is_followed()
    {
        TableGuest guest = WithKernel();
        guest.MapUser(1, 10, To(100, Seen));
        guest[11, 0] = To(12, Present | Writable | User);

        using GuestPageTables tables = GuestPageTables.Find(guest, TestContext.Current.CancellationToken)!;

        Assert.True(tables.Tables.Contains(new Pfn(12)));
        Assert.False(tables.UsedTables.Contains(new Pfn(12)));
        Assert.Equal([100], tables.UserPages.ToNumbers());
    }

    [Fact]
    public void Tables_that_name_each_other_or_what_is_not_there_end_the_walk()
    {
        TableGuest guest = WithKernel();
        guest.MapUser(1, 10, To(1, Seen), To(5000, Seen), To(0xff_ffff_ffff, Seen));
        guest[10, 1] = To(1, Table | User);
        guest[10, 2] = To(10, Table | User);
        guest[11, 1] = To(10, Table | User);
        guest[11, 2] = To(900, Table | User);
        guest.Holes.Add(900);
        guest[3, 1] = To(3, Table);
        guest[5, 1] = To(4, Table);

        using GuestPageTables tables = GuestPageTables.Find(guest, TestContext.Current.CancellationToken)!;

        Assert.True(tables.UserPages.Contains(new Pfn(1)));
        Assert.Equal(2, tables.AddressSpaceCount);
    }

    [Fact]
    public void Memory_without_a_family_of_roots_has_none()
    {
        TableGuest one = WithKernel();
        one[2, 511] = 0;
        Assert.Null(GuestPageTables.Find(one, TestContext.Current.CancellationToken));
        Assert.Null(GuestPageTables.Find(new TableGuest(64), TestContext.Current.CancellationToken));
        var large = new TableGuest(64) { PageSize = 16384 };
        Assert.Null(GuestPageTables.Find(large, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Pages_that_repeat_what_looks_like_an_entry_are_no_roots()
    {
        TableGuest guest = WithKernel();
        for (int page = 400; page < 410; page++)
        {
            for (int entry = 0; entry < 512; entry++)
            {
                guest[page, entry] = To(3, Table | Dirty);
            }
        }

        using GuestPageTables tables = GuestPageTables.Find(guest, TestContext.Current.CancellationToken)!;

        Assert.Equal(2, tables.AddressSpaceCount);
    }

    [Fact]
    public void The_default_policy_ranks_by_how_active_programs_are()
    {
        TableGuest guest = WithKernel();
        // A busy program, with data that was written before all history, and one that sleeps.
        guest.MapUser(1, 10, [.. Enumerable.Range(100, 8).Select(page => To(page, Seen | Writable | Dirty | NoExecute))]);
        guest.MapUser(2, 20, [To(200, Seen | Writable | Dirty | NoExecute), To(220, Seen)]);
        foreach (int page in (int[])[100, 104, 107, 200, 220, 600, 900])
        {
            guest[page, 9] = 1;
        }

        using var policy = new PredictivePolicy();
        for (int i = 0; i < 20; i++)
        {
            policy.Observe(Intervals.Of(1200, [101, 102, 103, 105, 106, 250], null));
        }

        using GuestPageTables tables = GuestPageTables.Find(guest, TestContext.Current.CancellationToken)!;
        policy.ObserveTables(tables);

        long[] plan = Intervals.Numbers(policy.Rank(1200));
        Assert.Equal([101, 102, 103, 105, 106], plan[..5].Order());
        // The tables and the other data of the busy program before those of the one that sleeps.
        Assert.True(Place(12) < Place(22) && Place(104) < Place(200) && Place(100) < Place(220));
        // The kernel's code, its first part before the rest; a zero page of it after one that is not.
        Assert.True(Place(600) < Place(900) && Place(900) < Place(901));
        Assert.Equal(-1, Place(1100));

        int Place(long page) => Array.IndexOf(plan, page);
    }

    private static List<(long Page, int Space)> Pairs(SpaceEntry[] entries) => [.. entries.Select(entry => (entry.Page, entry.Space)).Order()];
}
