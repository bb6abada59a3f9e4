namespace PageStore.Checkpoint;

/// <summary>How a lazy resume ended.</summary>
public enum ResumeOutcome
{
    /// <summary>All pages are there; the guest needs nobody any more.</summary>
    Complete,

    /// <summary>The guest has ended before all was there.</summary>
    GuestEnded,

    /// <summary>It was cancelled: pages are missing, and whoever touches one waits.</summary>
    Cancelled,
}

/// <summary>What a guest demanded, by cause: how many page faults were served.</summary>
/// <param name="Planned">Of a page that was in the plan and not loaded yet.</param>
/// <param name="Unplanned">Of a page with content that was not in the plan: what the prediction missed.</param>
/// <param name="Zero">Of a page that the epoch does not have, or has as zeros.</param>
/// <param name="Removed">Of a page that the guest had given up.</param>
/// <param name="Repeated">Of a page that was brought between the fault and its service.</param>
/// <param name="Damaged">Of a page that cannot be had.</param>
public readonly record struct ResumeFaults(long Planned, long Unplanned, long Zero, long Removed, long Repeated, long Damaged)
{
    /// <summary>All of them.</summary>
    public long Total => Planned + Unplanned + Zero + Removed + Repeated + Damaged;
}

/// <summary>What a lazy resume did. Times are wall time, counted from its begin.</summary>
public sealed record ResumeReport
{
    /// <summary>The epoch.</summary>
    public required EpochId Epoch { get; init; }

    /// <summary>How it ended.</summary>
    public required ResumeOutcome Outcome { get; init; }

    /// <summary>How many pages the plan had; 0 without one.</summary>
    public required long PlannedPages { get; init; }

    /// <summary>When the guest might run; null if it never might.</summary>
    public required TimeSpan? TimeToReady { get; init; }

    /// <summary>When all pages were there; null if they never were.</summary>
    public required TimeSpan? TimeToFull { get; init; }

    /// <summary>Page faults served.</summary>
    public required ResumeFaults Faults { get; init; }

    /// <summary>The time in which half of the faults were served, from when the fault was taken to when the guest was let go.</summary>
    public required TimeSpan MedianService { get; init; }

    /// <summary>The time in which 99 of 100 faults were served.</summary>
    public required TimeSpan Percentile99Service { get; init; }

    /// <summary>The longest service of a fault.</summary>
    public required TimeSpan LongestService { get; init; }

    /// <summary>Pages brought as the plan said.</summary>
    public required long PreloadedPages { get; init; }

    /// <summary>Pages brought because they lie around demanded ones.</summary>
    public required long BubbledPages { get; init; }

    /// <summary>Pages brought behind the running guest, as the rest.</summary>
    public required long BackgroundPages { get; init; }

    /// <summary>Pages that the guest gave up meanwhile; one that it gave up twice counts twice.</summary>
    public required long RemovedPages { get; init; }

    /// <summary>The first pages that cannot be had, at most 1024 of them.</summary>
    public required IReadOnlyList<Pfn> DamagedPages { get; init; }

    /// <summary>Why not all that is missing could be found; null in a sound file.</summary>
    public required string? Damage { get; init; }
}

/// <summary>How far a lazy resume is.</summary>
/// <param name="Ready">Whether the guest may run.</param>
/// <param name="BroughtPages">How many pages were brought, demanded or not.</param>
/// <param name="Faults">How many page faults were served.</param>
public readonly record struct ResumeProgress(bool Ready, long BroughtPages, long Faults);
