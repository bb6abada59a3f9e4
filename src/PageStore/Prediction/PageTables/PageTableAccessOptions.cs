namespace PageStore;

/// <summary>How a <see cref="PageTableAccessLog"/> looks for address spaces.</summary>
public sealed record PageTableAccessOptions
{
    /// <summary>
    /// After so many harvests with the guest standing, the pages that it wrote since are looked through for new roots of page tables. At the start all of its memory is, while it may run. 0: never, and then only
    /// address spaces are known in which a processor was at a harvest.
    /// </summary>
    public int SearchEvery { get; init; } = 16;

    internal void Validate() => ArgumentOutOfRangeException.ThrowIfNegative(SearchEvery);
}
