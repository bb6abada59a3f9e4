namespace PageStore.Checkpoint;

/// <summary>Which pages of a guest need no loading any more: they are there, or the guest gave them up. Thread-safe.</summary>
internal sealed class SettledPages(long pageCount) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly PageBitmap _settled = new(pageCount);

    public bool Contains(Pfn page)
    {
        lock (_gate)
        {
            return _settled.Contains(page);
        }
    }

    /// <summary>Settles pages; those that the guest has beyond the epoch are nobody's matter.</summary>
    public void Add(Pfn first, long count)
    {
        lock (_gate)
        {
            if (first.Value < _settled.Length)
            {
                _settled.SetRange(first, Math.Min(count, _settled.Length - first.Value));
            }
        }
    }

    /// <summary>The next page from one on that is not settled.</summary>
    public bool TryNextUnsettled(Pfn from, out Pfn found)
    {
        lock (_gate)
        {
            return _settled.TryNextClear(from, out found);
        }
    }

    public void Dispose() => _settled.Dispose();
}
