namespace PageStore.Checkpoint;

/// <summary>
/// Which epochs <see cref="CheckpointWriter.Prune"/> keeps: those that any of the rules keeps, and always the newest. At least one rule must be given.
/// </summary>
public sealed record PrunePolicy
{
    /// <summary>Keep the newest ones, 1 or more; null keeps none by this rule.</summary>
    public int? KeepLast { get; init; }

    /// <summary>Keep those whose time is at most so long before the newest one's; null keeps none by this rule.</summary>
    public TimeSpan? KeepWithin { get; init; }

    /// <summary>Keep those that have a label.</summary>
    public bool KeepLabelled { get; init; }

    /// <summary>Keep those of whose ids this is a divisor, 2 or more: every tenth, for instance; null keeps none by this rule.</summary>
    public int? KeepEvery { get; init; }

    /// <summary>
    /// Give the space back to the file system, which takes another commit. Otherwise it is reused by what this writer, or another, writes later.
    /// </summary>
    public bool ReturnSpace { get; init; } = true;

    /// <summary>Keep those that this says. A seam for tests, which keep any set.</summary>
    internal Func<EpochId, bool>? KeepIf { get; init; }

    internal void Validate()
    {
        if (KeepLast is < 1 || KeepEvery is < 2 || KeepWithin < TimeSpan.Zero)
        {
            throw new ArgumentOutOfRangeException(nameof(KeepLast), "Numbers of epochs to keep begin at 1, steps at 2, and ages at 0.");
        }

        if (KeepLast is null && KeepEvery is null && KeepWithin is null && KeepIf is null && !KeepLabelled)
        {
            throw new ArgumentException("Say what is to be kept.", nameof(KeepLast));
        }
    }

    /// <summary>Whether an epoch is kept.</summary>
    /// <param name="epoch">The epoch.</param>
    /// <param name="younger">How many epochs are newer than it.</param>
    /// <param name="newest">The time of the newest one.</param>
    internal bool Keeps(EpochRecord epoch, int younger, DateTimeOffset newest) =>
        younger == 0
        || younger < KeepLast
        || newest - epoch.Time <= KeepWithin
        || KeepIf?.Invoke(epoch.Id) == true
        || (KeepLabelled && epoch.Label is not null)
        || (KeepEvery is { } every && epoch.Id.Value % every == 0);
}
