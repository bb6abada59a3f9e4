namespace PageStore.Checkpoint.Tests;

/// <summary>Ranks what the last interval touched, by page, and nothing else.</summary>
internal sealed class TouchedPages : IResumePolicy
{
    private Pfn[] _touched = [];

    public string Name => "touched";

    public void Observe(AccessInterval interval)
    {
        using var touched = new PageBitmap(interval.Written.Length);
        interval.AddAccessed(touched);
        List<Pfn> pages = [];
        foreach (PfnRun run in touched.Runs())
        {
            pages.AddRange(Enumerable.Range(0, (int)run.Count).Select(at => run.First + at));
        }

        _touched = [.. pages];
    }

    public Pfn[] Rank(long budget) => _touched[..(int)Math.Min(budget, _touched.Length)];

    public void Dispose()
    {
    }
}
