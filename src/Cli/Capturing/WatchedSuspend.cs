namespace PageStore.Cli;

/// <summary>A suspend of which others see whether the guest may stand still. Until it has answered, it runs and may wait.</summary>
/// <param name="suspend">The suspend, which stays the caller's.</param>
/// <param name="standstill">Takes note of it: from the guest's answer, until it goes on.</param>
internal sealed class WatchedSuspend(IGuestSuspend suspend, Standstill standstill) : IGuestSuspend
{
    public void Pause()
    {
        suspend.Pause();
        standstill.Begin();
    }

    public IReadOnlyList<GuestStateSection> ReadState() => suspend.ReadState();

    public void Resume()
    {
        suspend.Resume();
        standstill.End();
    }
}
