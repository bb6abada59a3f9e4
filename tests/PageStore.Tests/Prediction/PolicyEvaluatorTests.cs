using FsCheck.Xunit;
using Xunit;

namespace PageStore.Tests.Prediction;

public sealed class PolicyEvaluatorTests
{
    private const int Length = 200;

    /// <summary>The definition, followed with plain sets: plans of what was accessed last.</summary>
    [Property(MaxTest = 40)]
    public void Figures_are_medians_over_the_plans(int seed, byte horizonByte, byte budgetByte)
    {
        int horizon = 1 + (horizonByte % 4);
        double budget = 0.5 + (budgetByte % 4 * 0.5);
        List<bool[]> sets = Intervals.Random(Length, 25, seed);
        var options = new EvaluationOptions { Horizon = horizon, Budget = budget, FirstPlan = 5 };
        using var evaluator = new PolicyEvaluator([new UnionPolicy(1)], options);
        foreach (bool[] set in sets)
        {
            using RecordedInterval interval = new(Intervals.Set(Length), Intervals.Set(Length, Intervals.Pages(set)));
            evaluator.Add(interval);
        }

        List<double> recalls = [];
        List<double> precisions = [];
        for (int i = 5; i + horizon < sets.Count; i++)
        {
            HashSet<int> touched = [.. Enumerable.Range(i + 1, horizon).SelectMany(next => Intervals.Pages(sets[next]))];
            int[] accessed = [.. Intervals.Pages(sets[i])];
            int[] plan = [.. accessed.Take((int)(budget * accessed.Length))];
            recalls.Add((double)plan.Count(touched.Contains) / touched.Count);
            precisions.Add((double)plan.Count(touched.Contains) / plan.Length);
        }

        PolicyScore score = Assert.Single(evaluator.Scores());
        Assert.Equal(("union1", sets.Count), (score.Name, evaluator.Intervals));
        Assert.Equal(Median(recalls), score.Recall, 12);
        Assert.Equal(Median(precisions), score.Precision, 12);
        Assert.Null(score.FirstTouch1000);
    }

    [Fact]
    public void Without_reads_policies_see_writes_alone_and_are_held_against_everything()
    {
        using var evaluator = new PolicyEvaluator([new VmResumePolicy()], new EvaluationOptions { Reads = false, FirstPlan = 0, Horizon = 1 });
        for (int i = 0; i < 3; i++)
        {
            using RecordedInterval interval = new(Intervals.Set(Length, 1), Intervals.Set(Length, 2, 3, 4));
            evaluator.Add(interval);
        }

        PolicyScore score = Assert.Single(evaluator.Scores());
        Assert.Equal((0.25, 1.0, 1, 3), (score.Recall, score.Precision, score.PlanPages, score.FaultsLeft));
    }

    [Fact]
    public void Too_few_intervals_give_no_figures()
    {
        using var evaluator = new PolicyEvaluator([new WrittenPolicy()]);
        using RecordedInterval interval = new(Intervals.Set(Length, 1), null);
        evaluator.Add(interval);

        Assert.Equal(new PolicyScore("written", 0, 0, 0, 0, null), Assert.Single(evaluator.Scores()));
    }

    [Theory]
    [InlineData(0, 1.0, 0)]
    [InlineData(1, 0.0, 0)]
    [InlineData(1, double.NaN, 0)]
    [InlineData(1, double.PositiveInfinity, 0)]
    [InlineData(1, 1.0, -1)]
    public void Options_out_of_range_are_refused(int horizon, double budget, int first) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new PolicyEvaluator([], new EvaluationOptions { Horizon = horizon, Budget = budget, FirstPlan = first }));

    private static double Median(List<double> values)
    {
        values.Sort();
        return (values[(values.Count - 1) / 2] + values[values.Count / 2]) / 2;
    }
}
