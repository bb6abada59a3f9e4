namespace PageStore;

/// <summary>A run of consecutive pages: <paramref name="Count"/> pages from <paramref name="First"/> on.</summary>
/// <param name="First">The first page.</param>
/// <param name="Count">How many pages, at least 1 in every run that PageStore returns.</param>
public readonly record struct PfnRun(Pfn First, long Count)
{
    /// <summary>The page behind the last page of the run.</summary>
    public Pfn End => First + Count;

    /// <summary>Whether <paramref name="pfn"/> lies in the run.</summary>
    public bool Contains(Pfn pfn) => pfn >= First && pfn < End;
}
