using FsCheck.Xunit;
using Xunit;

namespace PageStore.Tests.Prediction;

public sealed class PolicyTests
{
    private const int Length = 300;

    public static TheoryData<string> Names => [.. ResumePolicies.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_policy_that_saw_nothing_plans_nothing(string name)
    {
        using IResumePolicy policy = ResumePolicies.Create(name);

        Assert.Equal(name, policy.Name);
        Assert.Empty(policy.Rank(100));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_plan_keeps_its_budget_names_each_page_once_and_begins_as_a_larger_one(string name)
    {
        foreach (bool reads in (bool[])[true, false])
        {
            using IResumePolicy policy = ResumePolicies.Create(name);
            foreach (bool[] set in Intervals.Random(Length, 20, 1))
            {
                policy.Observe(Intervals.Of(Length, Intervals.Pages(set).Where(page => page % 3 == 0), reads ? Intervals.Pages(set).Where(page => page % 3 != 0) : null));
                Pfn[] all = policy.Rank(long.MaxValue);
                Assert.Equal(all.Length, all.Distinct().Count());
                Assert.All(all, page => Assert.InRange(page.Value, 0, Length - 1));
                foreach (int budget in (int[])[0, 1, all.Length / 2, all.Length])
                {
                    Assert.Equal(all[..budget], policy.Rank(budget));
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_guest_that_grows_is_followed(string name)
    {
        using IResumePolicy policy = ResumePolicies.Create(name);
        policy.Observe(Intervals.Of(100, [1, 2], [3]));
        policy.Observe(Intervals.Of(200, [150], [3]));

        Assert.NotEmpty(policy.Rank(10));
    }

    [Fact]
    public void There_is_no_policy_of_another_name() => Assert.Contains("vmresume", Assert.Throws<ArgumentException>(() => ResumePolicies.Create("none")).Message, StringComparison.Ordinal);

    [Fact]
    public void Written_pages_of_the_last_interval() => Assert.Equal([4, 9], Plan(new WrittenPolicy(), ([1], [2]), ([9, 4], [3])));

    [Fact]
    public void Written_and_then_read_pages_of_the_last_interval() => Assert.Equal([4, 9, 3], Plan(new VmResumePolicy(), ([1], [2]), ([9, 4], [3])));

    [Fact]
    public void Pages_of_the_last_intervals_newest_first() => Assert.Equal([7, 3, 9, 1, 2], Plan(new UnionPolicy(3), ([5], []), ([1], [2]), ([9], [3]), ([7], [])));

    [Fact]
    public void Pages_of_the_first_intervals_ever_after() => Assert.Equal([1, 2, 5], Plan(new RecordReplayPolicy(2), ([5], []), ([1], [2]), ([9], [3]), ([7], [])));

    /// <summary>31 pages between two runs are filled, 32 are not.</summary>
    [Fact]
    public void Layers_with_small_gaps_filled()
    {
        long[] filled = [.. Enumerable.Range(10, 33).Select(page => (long)page)];

        Assert.Equal([.. filled, 75, 5], Plan(new LayeredPolicy(), ([5], [42]), ([10], [42, 75])));
    }

    [Property(MaxTest = 50)]
    public void The_default_ranks_by_decayed_frequencies(int seed)
    {
        using var policy = new PredictivePolicy();
        double[,] scales = new double[3, Length];
        double[] halfLives = [1, 8, 64];
        foreach (bool[] set in Intervals.Random(Length, 30, seed))
        {
            policy.Observe(Intervals.Of(Length, [], Intervals.Pages(set)));
            for (int scale = 0; scale < halfLives.Length; scale++)
            {
                double decay = Math.Pow(0.5, 1 / halfLives[scale]);
                for (int page = 0; page < Length; page++)
                {
                    scales[scale, page] = (scales[scale, page] * decay) + (set[page] ? 1 - decay : 0);
                }
            }
        }

        double[] scores = [.. Enumerable.Range(0, Length).Select(page => scales[0, page] + scales[1, page] + scales[2, page])];
        double[] ranked = [.. policy.Rank(Length).Select(page => scores[page.Value])];
        Assert.Equal(scores.Count(score => score > 0), ranked.Length);
        Assert.All(ranked.Zip(ranked.Skip(1)), pair => Assert.True(pair.First > pair.Second - 1e-5));
    }

    [Fact]
    public void What_is_touched_again_and_again_stays_before_what_came_once()
    {
        using var policy = new PredictivePolicy();
        for (int i = 0; i < 40; i++)
        {
            policy.Observe(Intervals.Of(Length, i % 2 == 0 ? [1] : [], [100 + i]));
        }

        Assert.Equal([1, 139], Intervals.Numbers(policy.Rank(2)));
    }

    [Fact]
    public void The_least_likely_pages_are_forgotten_where_there_are_too_many()
    {
        using var policy = new PredictivePolicy(maxPages: 100);
        for (int i = 0; i < 10; i++)
        {
            policy.Observe(Intervals.Of(Length, Enumerable.Range(0, 20), Enumerable.Range(20 + (i * 25), 25)));
        }

        long[] plan = Intervals.Numbers(policy.Rank(Length));
        Assert.InRange(plan.Length, 20, 100);
        Assert.Equal(Enumerable.Range(0, 20).Select(page => (long)page), plan[..20].Order());
        // The newest interval is remembered whole.
        Assert.Equal(25, plan.Count(page => page is >= 245 and < 270));
    }

    /// <summary>Nobody says that they were read, but they were handed out together with a page that is in use.</summary>
    [Fact]
    public void Without_reads_neighbours_of_written_pages_count_a_little()
    {
        using var policy = new PredictivePolicy();
        for (int i = 0; i < 5; i++)
        {
            policy.Observe(Intervals.Of(Length, [100, 200], null));
        }

        long[] plan = Intervals.Numbers(policy.Rank(Length));
        Assert.Equal([100, 200], plan[..2]);
        Assert.Equal([.. Enumerable.Range(96, 9).Concat(Enumerable.Range(196, 9)).Select(page => (long)page)], plan.Order());
    }

    private static long[] Plan(IResumePolicy policy, params (int[] Written, int[] Read)[] intervals)
    {
        using (policy)
        {
            foreach ((int[] written, int[] read) in intervals)
            {
                policy.Observe(Intervals.Of(100, written, read));
            }

            return Intervals.Numbers(policy.Rank(100));
        }
    }
}
