using Xunit;
using static PageStore.Tests.Prediction.TableGuest;

namespace PageStore.Tests.Prediction;

public sealed class GuestPageTablesTests
{
    private const ulong Seen = Present | User | Accessed;

    [Fact]
    public void Tables_code_and_data_are_told_apart()
    {
        TableGuest guest = WithKernel();
        guest.MapUser(
            1, 10, To(100, Seen), To(101, Seen | NoExecute), To(102, Seen | Writable | Dirty | NoExecute), To(103, Present | User | NoExecute), To(104, Present | Accessed | NoExecute));
        guest.MapUser(2, 20, To(100, Seen | NoExecute), To(101, Seen | Writable | Dirty | NoExecute), To(110, Seen | NoExecute));
        guest[300, 7] = 5;

        using GuestPageTables tables = GuestPageTables.Find(guest, TestContext.Current.CancellationToken)!;

        Assert.Equal(2, tables.AddressSpaceCount);
        Assert.Equal([1, 2, 3, 4, 5, 10, 11, 12, 20, 21, 22], tables.Tables.ToNumbers());
        Assert.Equal([100], tables.UserCode.ToNumbers());
        Assert.Equal([110], tables.UserClean.ToNumbers());
        Assert.Equal([101, 102], tables.UserDirty.ToNumbers());
        Assert.Equal(Enumerable.Range(512, 512).Select(page => (long)page), tables.KernelCode.ToNumbers());
        Assert.False(tables.Zero.Contains(new Pfn(300)));
        Assert.True(tables.Zero.Contains(new Pfn(301)));
        Assert.Equal([new(100, 0), new(100, 1), new(101, 0), new(101, 1), new(102, 0), new(110, 1)], tables.Entries.OrderBy(entry => (entry.Page, entry.Table)));
    }

    [Fact]
    public void A_table_that_was_not_used_since_is_followed_and_not_counted()
    {
        TableGuest guest = WithKernel();
        guest.MapUser(1, 10, To(100, Seen));
        guest[11, 0] = To(12, Present | Writable | User);

        using GuestPageTables tables = GuestPageTables.Find(guest, TestContext.Current.CancellationToken)!;

        Assert.False(tables.Tables.Contains(new Pfn(12)));
        Assert.Equal([100], tables.UserCode.ToNumbers());
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

        using GuestPageTables tables = GuestPageTables.Find(guest, TestContext.Current.CancellationToken)!;

        Assert.True(tables.UserCode.Contains(new Pfn(1)));
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
    public void The_default_policy_ranks_by_neighbours_in_address_spaces_and_by_what_pages_are()
    {
        TableGuest guest = WithKernel();
        // A table of busy data, and one of a program that sleeps.
        guest.MapUser(1, 10, [.. Enumerable.Range(100, 8).Select(page => To(page, Seen | Writable | Dirty | NoExecute))]);
        guest.MapUser(2, 20, [To(200, Seen | Writable | Dirty | NoExecute), To(220, Seen | NoExecute), To(240, Seen)]);
        foreach (int page in (int[])[100, 104, 107, 200, 220, 240])
        {
            guest[page, 9] = 1;
        }

        using var policy = new PredictivePolicy();
        for (int i = 0; i < 20; i++)
        {
            policy.Observe(Intervals.Of(1200, [101, 102, 103, 105, 106], null));
        }

        policy.ObserveTables(GuestPageTables.Find(guest, TestContext.Current.CancellationToken)!);

        long[] plan = Intervals.Numbers(policy.Rank(1200));
        // Those that are written, and those between them in the address space of their program.
        Assert.Equal(Enumerable.Range(100, 8).Select(page => (long)page), plan[..8].Order());
        // Tables; code; data that is only read; data of the program that sleeps.
        Assert.True(Place(10) < Place(240) && Place(240) < Place(220) && Place(220) < Place(200));
        // Zero, and never written.
        Assert.Equal(-1, Place(600));

        int Place(long page) => Array.IndexOf(plan, page);
    }
}
