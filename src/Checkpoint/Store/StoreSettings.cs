namespace PageStore.Checkpoint;

/// <summary>What of a store only tests change.</summary>
internal sealed record StoreSettings
{
    /// <summary>
    /// The size at which a pack is sealed: it is moved as a whole when too much of it is dead, so it should not be large, and each is a file, so it should not be small. 64 MiB is
    /// 16384 blocks, half a second of a disk.
    /// </summary>
    public long PackBytes { get; init; } = 64 << 20;

    public StoreSteps Steps { get; init; } = StoreSteps.Unwatched;

    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
