using PageStore;

namespace XenProbe;

/// <summary>
/// The whole guest, summed up before it goes on, as it is when its pause ends. Backends are not paused: what they were asked for before, they do. So the pages that
/// they may write to are summed up when the pause begins, too, and those that change meanwhile are known.
/// </summary>
internal sealed class PauseSums(ProbeLibrary library, long pageCount)
{
    private readonly ulong[] _granted = new ulong[pageCount];

    /// <summary>A sum for each page at the end of the last pause.</summary>
    public ulong[] Pages { get; } = new ulong[pageCount];

    /// <summary>Whether a backend wrote to a page in the last pause: an epoch may have it as it was before or after.</summary>
    public bool ChangedMeanwhile(Pfn page) => _granted[page.Value] != PageSum.Hole && _granted[page.Value] != Pages[page.Value];

    public void TakeFirst() => library.SumGranted(_granted);

    public void TakeLast() => library.SumAll(Pages);
}
