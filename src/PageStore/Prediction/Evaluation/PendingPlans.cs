namespace PageStore;

/// <summary>The plans that were made behind one interval, and what the guest has touched since.</summary>
internal sealed class PendingPlans(Pfn[][] plans) : IDisposable
{
    /// <summary>So many first touches count.</summary>
    private const int FirstTouches = 1000;

    private readonly PageBitmap _touched = new(0);
    private readonly HashSet<long> _first = new(FirstTouches);

    /// <summary>How many intervals have passed.</summary>
    public int Intervals { get; private set; }

    public void Watch(PageBitmap accessed, ReadOnlySpan<long> touches)
    {
        _touched.EnsureLength(accessed.Length);
        _touched.Or(accessed);
        Intervals++;
        for (int i = 0; i < touches.Length && _first.Count < FirstTouches; i++)
        {
            _first.Add(touches[i]);
        }
    }

    public PlanFigures Figures(int policy)
    {
        Pfn[] plan = plans[policy];
        long touched = _touched.Count();
        long hits = plan.LongCount(_touched.Contains);
        long first = plan.LongCount(page => _first.Contains(page.Value));
        return new PlanFigures(
            touched == 0 ? 1 : (double)hits / touched,
            plan.Length == 0 ? 0 : (double)hits / plan.Length,
            plan.Length,
            touched - hits,
            _first.Count == 0 ? null : (double)first / _first.Count);
    }

    public void Dispose() => _touched.Dispose();
}
