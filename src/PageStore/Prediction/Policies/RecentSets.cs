namespace PageStore;

/// <summary>Copies of the sets of the newest intervals.</summary>
internal sealed class RecentSets(int capacity) : IDisposable
{
    // The newest first.
    private readonly List<PageBitmap> _sets = new(capacity);

    public long Length => _sets.Count == 0 ? 0 : _sets[0].Length;

    public IReadOnlyList<PageBitmap> NewestFirst => _sets;

    /// <summary>Adds what an interval touched, read and written.</summary>
    public void PushAccessed(AccessInterval interval)
    {
        var all = new PageBitmap(interval.Written.Length);
        interval.AddAccessed(all);
        Push(all);
    }

    /// <summary>All pages, those of the newest set first and ascending within each.</summary>
    public Pfn[] Rank(long budget)
    {
        using var pages = new RankedPages(Length, budget);
        foreach (PageBitmap set in _sets)
        {
            pages.Add(set);
        }

        return pages.ToArray();
    }

    /// <summary>Takes over a set; the oldest goes if there are too many.</summary>
    public void Push(PageBitmap set)
    {
        _sets.Insert(0, set);
        if (_sets.Count > capacity)
        {
            _sets[^1].Dispose();
            _sets.RemoveAt(_sets.Count - 1);
        }
    }

    public void Dispose()
    {
        foreach (PageBitmap set in _sets)
        {
            set.Dispose();
        }

        _sets.Clear();
    }
}
