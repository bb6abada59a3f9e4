using PageStore;

namespace XenProbe;

/// <summary>A pause in which the guest is summed up.</summary>
internal class CopyingPause(IGuestPause pause, PauseSums sums) : IGuestPause
{
    public void Pause()
    {
        pause.Pause();
        sums.TakeFirst();
    }

    public void Resume()
    {
        try
        {
            sums.TakeLast();
        }
        finally
        {
            pause.Resume();
        }
    }
}
