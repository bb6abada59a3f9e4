namespace PageStore;

/// <summary>How plans are judged.</summary>
public sealed record EvaluationOptions
{
    /// <summary>A plan is held against what the guest touched in so many intervals, from 1 up.</summary>
    public int Horizon { get; init; } = 2;

    /// <summary>A plan has at most so many times the pages that were touched in the interval before it; above 0.</summary>
    public double Budget { get; init; } = 2;

    /// <summary>The first plan is made behind the interval of this number, counted from 0: before it there is little to learn from.</summary>
    public int FirstPlan { get; init; } = 12;

    /// <summary>Whether the policies learn R; without it they learn what a hypervisor like Xen tells.</summary>
    public bool Reads { get; init; } = true;

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Horizon, 1, nameof(Horizon));
        ArgumentOutOfRangeException.ThrowIfNegative(FirstPlan, nameof(FirstPlan));
        if (!(Budget > 0) || double.IsInfinity(Budget))
        {
            throw new ArgumentOutOfRangeException(nameof(Budget), Budget, "A budget is a number above 0.");
        }
    }
}
