using FsCheck.Xunit;
using Xunit;

namespace PageStore.Tests.Prediction;

public sealed class RankingTests
{
    [Property(MaxTest = 300)]
    public void The_best_are_those_of_a_sort(byte[] scores, byte budget, byte expected)
    {
        var ranking = new Ranking(budget, expected);
        for (int page = 0; page < scores.Length; page++)
        {
            ranking.Add(new Pfn(page), scores[page] / 64f);
        }

        long[] best = [.. Enumerable.Range(0, scores.Length).Where(page => scores[page] > 0).OrderByDescending(page => scores[page]).Take(budget).Select(page => (long)page)];
        Assert.Equal(best, Intervals.Numbers(ranking.Best()));
    }

    [Theory]
    [InlineData(1000, 10)]
    [InlineData(100_000, 1000)]
    [InlineData(100_000, 99_999)]
    public void Many_pages_in_any_order_of_scores(int count, int budget)
    {
        foreach (Func<int, float> score in (Func<int, float>[])[page => page + 1, page => count - page, page => ((page * 7919L) % count) + 1, page => Math.Abs(page - (count / 2)) + 1])
        {
            var ranking = new Ranking(budget, 0);
            for (int page = 0; page < count; page++)
            {
                ranking.Add(new Pfn(Pfn.MaxValue - page), score(page));
            }

            float[] best = [.. ranking.Best().Select(page => score((int)(Pfn.MaxValue - page.Value)))];
            Assert.Equal(budget, best.Length);
            // Scores are kept to 16 bits.
            float[] wanted = [.. Enumerable.Range(0, count).Select(score).OrderDescending()];
            Assert.Equal(0, best.Zip(wanted[..budget]).Count(pair => Math.Abs(pair.First - pair.Second) > pair.Second * 0.0001f));
        }
    }

    [Property(MaxTest = 300)]
    public void Selection_moves_the_smallest_to_the_front(ulong[] some, ushort count)
    {
        ulong[] keys = [.. some.Concat(Enumerable.Range(0, 200).Select(key => (ulong)key * 0x9e3779b97f4a7c15)).Distinct()];
        int wanted = 1 + (count % keys.Length);
        ulong[] moved = [.. keys];

        Selection.MoveSmallestFirst(moved, wanted);

        Assert.Equal(keys.Order().Take(wanted), moved[..wanted].Order());
        Assert.Equal(keys.Order(), moved.Order());
    }
}
