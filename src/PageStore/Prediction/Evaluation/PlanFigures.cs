namespace PageStore;

/// <summary>How one plan fitted.</summary>
internal readonly record struct PlanFigures(double Recall, double Precision, long PlanPages, long FaultsLeft, double? FirstTouch)
{
    public static PolicyScore Summarize(string name, List<PlanFigures> plans)
    {
        List<double> touches = [.. plans.Where(plan => plan.FirstTouch is not null).Select(plan => plan.FirstTouch!.Value)];
        return new PolicyScore(
            name,
            Median(plans.Select(plan => plan.Recall)),
            Median(plans.Select(plan => plan.Precision)),
            (long)Median(plans.Select(plan => (double)plan.PlanPages)),
            (long)Median(plans.Select(plan => (double)plan.FaultsLeft)),
            touches.Count > 0 ? Median(touches) : null);
    }

    /// <summary>The mean of the two in the middle where there is none; 0 of nothing.</summary>
    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? 0 : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
