using FsCheck.Xunit;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Settled pages are a set of numbers below the end of the epoch.</summary>
public sealed class SettledPagesTests
{
    [Property(MaxTest = 200)]
    public void It_is_a_set_of_the_epochs_pages(int seed, byte pageCount)
    {
        var random = new Random(seed);
        using var settled = new SettledPages(pageCount);
        HashSet<long> oracle = [];
        for (int i = 0; i < 20; i++)
        {
            int first = random.Next(pageCount + 20);
            int count = random.Next(1, 20);
            settled.Add(new Pfn(first), count);
            oracle.UnionWith(Enumerable.Range(first, count).Where(page => page < pageCount).Select(page => (long)page));
            long from = random.Next(pageCount + 1);
            bool any = settled.TryNextUnsettled(new Pfn(from), out Pfn found);
            IEnumerable<long> free = Enumerable.Range(0, pageCount).Select(page => (long)page).Where(page => page >= from && !oracle.Contains(page));
            Assert.Equal(free.Any(), any);
            Assert.True(!any || found.Value == free.First());
        }

        Assert.All(Enumerable.Range(0, pageCount), page => Assert.Equal(oracle.Contains(page), settled.Contains(new Pfn(page))));
    }

    [Fact]
    public void Pages_behind_the_end_are_nobodys_matter()
    {
        using var settled = new SettledPages(10);
        settled.Add(new Pfn(long.MaxValue - 5), 3);
        settled.Add(new Pfn(9), long.MaxValue - 9);

        Assert.True(settled.Contains(new Pfn(9)) && !settled.Contains(new Pfn(8)));
    }
}
