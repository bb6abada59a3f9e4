using PageStore;
using PageStore.Native;

namespace XenProbe;

/// <summary>
/// Sums the whole guest up before it goes on, as it is when its pause ends. Backends are not paused: what they were asked for before, they do. So the pages that
/// they may write to are summed up when the pause begins, too, and those that change meanwhile are known.
/// </summary>
internal sealed class CopyingPause(XenPause pause, ProbeLibrary library, long pageCount) : IGuestPause
{
    private readonly ulong[] _granted = new ulong[pageCount];

    /// <summary>A sum for each page at the end of the last pause.</summary>
    public ulong[] Sums { get; } = new ulong[pageCount];

    /// <summary>Whether a backend wrote to a page in the last pause: an epoch may have it as it was before or after.</summary>
    public bool ChangedMeanwhile(Pfn page) => _granted[page.Value] != PageSum.Hole && _granted[page.Value] != Sums[page.Value];

    public void Pause()
    {
        pause.Pause();
        library.SumGranted(_granted);
    }

    public void Resume()
    {
        try
        {
            library.SumAll(Sums);
        }
        finally
        {
            pause.Resume();
        }
    }
}
