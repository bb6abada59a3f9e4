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
    public Pfn[] Rank(long budget) => _last.Rank(budget);

    /// <inheritdoc/>
    public void Dispose() => _last.Dispose();
}
