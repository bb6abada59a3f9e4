namespace PageStore;

/// <summary>
/// The pages written in the last interval, and those read in it: VMresume, the predictive checkpointing of the paper that PageStore began with. Each set is ascending.
/// </summary>
public sealed class VmResumePolicy : IResumePolicy
{
    // Read below written, so that the written ones come first.
    private readonly RecentSets _last = new(2);

    /// <inheritdoc/>
    public string Name => "vmresume";

    /// <inheritdoc/>
    public void Observe(AccessInterval interval)
    {
        var all = new PageBitmap(interval.Written.Length);
        interval.AddAccessed(all);
        _last.Push(all);
        _last.Push(interval.Written.Copy());
    }

    /// <inheritdoc/>
    public Pfn[] Rank(long budget)
    {
        using var pages = new RankedPages(_last.Length, budget);
        foreach (PageBitmap set in _last.NewestFirst)
        {
            pages.Add(set);
        }

        return pages.ToArray();
    }

    /// <inheritdoc/>
    public void Dispose() => _last.Dispose();
}
