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
        _last.PushAccessed(interval);
        _last.Push(interval.Written.Copy());
    }

    /// <inheritdoc/>
    public Pfn[] Rank(long budget) => _last.Rank(budget);

    /// <inheritdoc/>
    public void Dispose() => _last.Dispose();
}
