namespace PageStore.Checkpoint;

/// <summary>Decides which commits are synced: docs/reliability.md. For one thread.</summary>
internal sealed class SyncSchedule(CheckpointWriterOptions options)
{
    private readonly TimeProvider _clock = options.Clock;
    private int _unsynced;
    private long _lastSync = options.Clock.GetTimestamp();

    /// <summary>Whether the commit under way is to be synced.</summary>
    /// <param name="always">Whether it is in any case.</param>
    public bool IsDue(bool always) => always || options.Durability switch
    {
        Durability.SurvivesPowerLoss => true,
        Durability.SurvivesPowerLossInGroups => _unsynced + 1 >= options.GroupSize || _clock.GetElapsedTime(_lastSync) >= options.GroupDelay,
        _ => false,
    };

    /// <summary>Notes that a commit was made.</summary>
    public void Note(bool synced)
    {
        _unsynced = synced ? 0 : _unsynced + 1;
        _lastSync = synced ? _clock.GetTimestamp() : _lastSync;
    }
}
