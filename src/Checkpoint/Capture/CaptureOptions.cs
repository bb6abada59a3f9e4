namespace PageStore.Checkpoint;

/// <summary>How a guest is captured.</summary>
public sealed record CaptureOptions
{
    /// <summary>
    /// Bytes of the buffers that take the written pages while the guest is paused, at least 1 MiB. A larger interval's worth of
    /// pages is streamed while the guest still runs, so that the rest fits.
    /// </summary>
    public long BufferBytes { get; init; } = 16 << 20;

    /// <summary>
    /// The most tracked rounds of streaming before the pause, from 0. A guest that writes faster than it is streamed never converges; what
    /// is left after the last round is taken during the pause, whatever its size. The default is that of Xen's pre-copy.
    /// </summary>
    public int MaxRounds { get; init; } = 5;

    /// <summary>What the epochs are good for; <see cref="EpochConsistency.Paused"/> unless the pause is a cooperative suspend.</summary>
    public EpochConsistency Consistency { get; init; } = EpochConsistency.Paused;

    /// <summary>The guest's UUID; empty where it is not known.</summary>
    public Guid GuestId { get; init; }

    /// <summary>Which boot of the guest this is; empty where it is not known.</summary>
    public Guid BootInstance { get; init; }

    /// <summary>What else is done during each pause, beside the copy, such as a snapshot of the guest's disk; the caller's to dispose. Nothing unless said otherwise.</summary>
    public IReadOnlyList<IPausedWork> WhilePaused { get; init; } = [];

    /// <summary>
    /// Gives each epoch its resume pack, within the epoch's own commit; of the writer that the epochs go to, and the caller's to dispose. Null for none, and where the epochs go into a stream.
    /// </summary>
    public PackKeeper? Packs { get; init; }

    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(WhilePaused);
        ArgumentOutOfRangeException.ThrowIfLessThan(BufferBytes, PageBuffer.Bytes, nameof(BufferBytes));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxRounds, nameof(MaxRounds));
    }
}
