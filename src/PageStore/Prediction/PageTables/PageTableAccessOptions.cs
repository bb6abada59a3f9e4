namespace PageStore;

/// <summary>How a <see cref="PageTableAccessLog"/> looks for address spaces.</summary>
public sealed record PageTableAccessOptions
{
    /// <summary>
    /// So many of the pages that the guest wrote are looked at in each harvest, in turn, to see whether they are roots of page tables. At the start all of its memory is read for that, while it may run. 0: none, and not at
    /// the start either; then only address spaces are known in which a processor was at a harvest. 64 single pages take about as long as the tables of a harvest.
    /// </summary>
    public int SearchPages { get; init; } = 64;

    internal void Validate() => ArgumentOutOfRangeException.ThrowIfNegative(SearchPages);
}
