namespace PageStore.Cli;

/// <summary>A pause of which others see whether it is on.</summary>
/// <param name="pause">The pause, which stays the caller's.</param>
/// <param name="standstill">Takes note of it: from before the guest is stopped, until it goes on.</param>
internal sealed class WatchedPause(IGuestPause pause, Standstill standstill) : IGuestPause
{
    public void Pause()
    {
        standstill.Begin();
        pause.Pause();
    }

    public void Resume()
    {
        pause.Resume();
        standstill.End();
    }
}
