namespace PageStore.Checkpoint;

/// <summary>What one epoch cost. Times are wall time.</summary>
public sealed record EpochReport
{
    /// <summary>The committed epoch.</summary>
    public required EpochInfo Epoch { get; init; }

    /// <summary>Whether all pages were taken, as for the first epoch of a capture, and not only the written ones.</summary>
    public required bool FullImage { get; init; }

    /// <summary>How long the guest stood still, from the call that pauses it to the return of the call that resumes it.</summary>
    public required TimeSpan Pause { get; init; }

    /// <summary>Of the pause: reading the dirty log.</summary>
    public required TimeSpan Harvest { get; init; }

    /// <summary>Of the pause: copying written pages.</summary>
    public required TimeSpan Copy { get; init; }

    /// <summary>Of the pause: what <see cref="CaptureOptions.WhilePaused"/> took longer than the copy.</summary>
    public required TimeSpan Work { get; init; }

    /// <summary>Before the pause: streaming pages of the running, tracked guest.</summary>
    public required TimeSpan Stream { get; init; }

    /// <summary>Behind the running guest: classifying, checksums, compression, and waiting for the writing thread.</summary>
    public required TimeSpan Store { get; init; }

    /// <summary>Behind the running guest: page table, sets, record, and the two syncs.</summary>
    public required TimeSpan Commit { get; init; }

    /// <summary>The whole capture of the epoch.</summary>
    public required TimeSpan Total { get; init; }

    /// <summary>Pages streamed before the pause; a page that was written again meanwhile counts again.</summary>
    public required long PagesStreamed { get; init; }

    /// <summary>Pages copied during the pause.</summary>
    public required long PagesCopied { get; init; }

    /// <summary>Tracked rounds of streaming that were needed, the full image not counted.</summary>
    public required int Rounds { get; init; }
}
