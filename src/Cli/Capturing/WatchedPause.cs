namespace PageStore.Cli;

/// <summary>A pause of which others see whether it is on.</summary>
/// <param name="pause">The pause, which stays the caller's.</param>
internal sealed class WatchedPause(IGuestPause pause) : IGuestPause
{
    /// <summary>Whether the guest may stand still.</summary>
    public bool IsPaused { get; private set; }

    public void Pause()
    {
        IsPaused = true;
        pause.Pause();
    }

    public void Resume()
    {
        pause.Resume();
        IsPaused = false;
    }
}
