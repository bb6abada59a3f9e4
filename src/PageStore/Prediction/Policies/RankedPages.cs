namespace PageStore;

/// <summary>Collects pages for a plan, each once, until the budget is spent.</summary>
internal sealed class RankedPages(long length, long budget) : IDisposable
{
    private readonly PageBitmap _taken = new(length);
    private readonly List<Pfn> _pages = [];

    public bool IsFull => _pages.Count >= budget;

    public void Add(Pfn page)
    {
        if (!IsFull && _taken.Set(page))
        {
            _pages.Add(page);
        }
    }

    public void Add(PageBitmap pages)
    {
        foreach (PfnRun run in pages.Runs())
        {
            if (IsFull)
            {
                return;
            }

            Add(run);
        }
    }

    public void Add(PfnRun run)
    {
        for (Pfn page = run.First; page < run.End && !IsFull; page += 1)
        {
            Add(page);
        }
    }

    public Pfn[] ToArray() => [.. _pages];

    public void Dispose() => _taken.Dispose();
}
