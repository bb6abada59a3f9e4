using System.Globalization;

namespace PageStore;

/// <summary>What the last intervals touched, the newest interval first and ascending within each.</summary>
public sealed class UnionPolicy : IResumePolicy
{
    private readonly RecentSets _last;

    /// <summary>Makes the policy.</summary>
    /// <param name="intervals">How many intervals count, from 1 up.</param>
    public UnionPolicy(int intervals)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(intervals, 1);
        _last = new RecentSets(intervals);
        Name = "union" + intervals.ToString(CultureInfo.InvariantCulture);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public void Observe(AccessInterval interval) => _last.PushAccessed(interval);

    /// <inheritdoc/>
    public Pfn[] Rank(long budget) => _last.Rank(budget);

    /// <inheritdoc/>
    public void Dispose() => _last.Dispose();
}
