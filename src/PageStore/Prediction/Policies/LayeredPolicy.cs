namespace PageStore;

/// <summary>
/// What the last intervals touched in layers, the newest first, each with the gaps between its runs filled where they are small: FaaSnap (Ao et al., EuroSys 2022), which
/// reads fewer and larger regions for it.
/// </summary>
public sealed class LayeredPolicy : IResumePolicy
{
    /// <summary>Gaps of fewer pages are merged (FaaSnap, section 4.3).</summary>
    private const int MergedGap = 32;

    /// <summary>Below it lies what has not been touched for two seconds at four intervals a second.</summary>
    private const int Layers = 8;

    private readonly RecentSets _last = new(Layers);

    /// <inheritdoc/>
    public string Name => "faasnap";

    /// <inheritdoc/>
    public void Observe(AccessInterval interval) => _last.PushAccessed(interval);

    /// <inheritdoc/>
    public Pfn[] Rank(long budget)
    {
        using var pages = new RankedPages(_last.Length, budget);
        foreach (PageBitmap set in _last.NewestFirst)
        {
            AddMerged(pages, set);
        }

        return pages.ToArray();
    }

    /// <inheritdoc/>
    public void Dispose() => _last.Dispose();

    private static void AddMerged(RankedPages pages, PageBitmap set)
    {
        // Empty until the first run.
        var merged = new PfnRun(new Pfn(0), 0);
        foreach (PfnRun run in set.Runs())
        {
            if (merged.Count > 0 && run.First - merged.End < MergedGap)
            {
                merged = new PfnRun(merged.First, run.End - merged.First);
                continue;
            }

            pages.Add(merged);
            merged = run;
        }

        pages.Add(merged);
    }
}
