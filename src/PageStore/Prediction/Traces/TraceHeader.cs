namespace PageStore;

/// <summary>What the first line of a trace says.</summary>
/// <param name="PageSize">The page size in bytes.</param>
/// <param name="PageCount">The number of pages of the guest.</param>
/// <param name="Workload">What the guest did, for people; empty where nothing is said.</param>
public sealed record TraceHeader(int PageSize, long PageCount, string Workload)
{
    /// <summary>The checkpoint file of the guest, where the trace tells what happened behind an epoch of it.</summary>
    public Guid? FileId { get; init; }

    /// <summary>That epoch.</summary>
    public EpochId? Epoch { get; init; }
}
