namespace PageStore;

/// <summary>The pages written in the last interval, ascending: what an incremental checkpoint holds anyway.</summary>
public sealed class WrittenPolicy : IResumePolicy
{
    private readonly RecentSets _last = new(1);

    /// <inheritdoc/>
    public string Name => "written";

    /// <inheritdoc/>
    public void Observe(AccessInterval interval) => _last.Push(interval.Written.Copy());

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
