namespace PageStore;

/// <summary>How much a resume plan may hold.</summary>
/// <param name="Pages">In pages, from 0 up.</param>
public readonly record struct ResumeBudget(long Pages)
{
    /// <summary>No plan at all: everything is loaded on demand or behind the guest.</summary>
    public static ResumeBudget None => new(0);

    /// <summary>As many whole pages as fit into <paramref name="bytes"/>.</summary>
    /// <param name="bytes">From 0 up.</param>
    /// <param name="pageSize">In bytes, see <see cref="PageSizes"/>.</param>
    public static ResumeBudget OfBytes(long bytes, int pageSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfLessThan(pageSize, 1);
        return new ResumeBudget(bytes / pageSize);
    }

    /// <summary>A multiple of what was accessed in the last interval, which is what a guest of that rate needs for so many intervals at most.</summary>
    /// <param name="accessedPages">The size of W and R together.</param>
    /// <param name="factor">From 0 up.</param>
    public static ResumeBudget OfAccessed(long accessedPages, double factor)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(accessedPages);
        ArgumentOutOfRangeException.ThrowIfNegative(factor);
        return new ResumeBudget((long)(accessedPages * factor));
    }
}
