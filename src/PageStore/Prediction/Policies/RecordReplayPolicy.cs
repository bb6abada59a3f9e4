namespace PageStore;

/// <summary>
/// What the first intervals touched, replayed ever after: REAP (Ustiugov et al., ASPLOS 2021) records the pages of one invocation and loads them for all that follow.
/// </summary>
public sealed class RecordReplayPolicy : IResumePolicy
{
    private readonly int _recorded;
    private readonly PageBitmap _record = new(0);
    private int _seen;

    /// <summary>Makes the policy.</summary>
    /// <param name="intervals">How many intervals are recorded, from 1 up.</param>
    public RecordReplayPolicy(int intervals = 2)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(intervals, 1);
        _recorded = intervals;
    }

    /// <inheritdoc/>
    public string Name => "reap";

    /// <inheritdoc/>
    public void Observe(AccessInterval interval)
    {
        if (_seen < _recorded)
        {
            _record.EnsureLength(interval.Written.Length);
            interval.AddAccessed(_record);
            _seen++;
        }
    }

    /// <inheritdoc/>
    public Pfn[] Rank(long budget)
    {
        using var pages = new RankedPages(_record.Length, budget);
        pages.Add(_record);
        return pages.ToArray();
    }

    /// <inheritdoc/>
    public void Dispose() => _record.Dispose();
}
