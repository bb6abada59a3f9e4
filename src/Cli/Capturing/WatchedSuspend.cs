namespace PageStore.Cli;

/// <summary>A suspend of which others see whether the guest may stand still. Until it has answered, it runs and may wait.</summary>
/// <param name="suspend">The suspend, which stays the caller's.</param>
internal sealed class WatchedSuspend(IGuestSuspend suspend) : IGuestSuspend
{
    /// <summary>Whether the guest stands still.</summary>
    public bool IsPaused { get; private set; }

    public void Pause()
    {
        suspend.Pause();
        IsPaused = true;
    }

    public IReadOnlyList<GuestStateSection> ReadState() => suspend.ReadState();

    public void Resume()
    {
        suspend.Resume();
        IsPaused = false;
    }
}
