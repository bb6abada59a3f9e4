namespace PageStore.Checkpoint;

/// <summary>
/// What is to be loaded next, a batch at a time: what lies around the last demanded page, then the plan in its order, then the rest. Thread-safe.
/// </summary>
internal sealed class FillQueue : IDisposable
{
    /// <summary>How many demanded pages are remembered: older ones have been overtaken by newer ones for long.</summary>
    private const int MaxWindows = 256;

    /// <summary>The nearest neighbours to each side, which are loaded first.</summary>
    private const int FirstRadius = 16;

    /// <summary>By how much the next round around a page is wider.</summary>
    private const int RadiusGrowth = 4;

    private readonly Lock _gate = new();
    private readonly Lock _rest = new();
    private readonly Epoch _epoch;
    private readonly SettledPages _settled;
    private readonly LazyResumeOptions _options;
    private readonly ReadOnlyMemory<Pfn> _plan;
    private readonly bool _isPacked;
    private readonly List<Window> _windows = [];
    private readonly FillPace _pace;
    private readonly IEnumerator<PfnRun> _runs;
    private int _planned;
    private int _planUnderWay;
    private PfnRun _run;
    private volatile bool _restIsDone;
    private volatile PageStoreException? _restDamage;

    /// <param name="epoch">The epoch.</param>
    /// <param name="plan">What comes first, the likeliest first.</param>
    /// <param name="settled">What need not be loaded.</param>
    /// <param name="options">How the guest is resumed.</param>
    /// <param name="isPacked">Whether the plan is that of the epoch's pack, out of which its pages are read.</param>
    public FillQueue(Epoch epoch, ReadOnlyMemory<Pfn> plan, SettledPages settled, LazyResumeOptions options, bool isPacked = false)
    {
        _pace = new FillPace(options.BackgroundRate, options.Clock);
        _isPacked = isPacked;
        _epoch = epoch;
        _plan = plan;
        _settled = settled;
        _options = options;
        _runs = epoch.DataRuns().GetEnumerator();
        _restIsDone = !options.BackgroundFill;
    }

    /// <summary>Whether nothing will ever come again but what lies around demanded pages.</summary>
    public bool IsExhausted
    {
        get
        {
            lock (_gate)
            {
                return _planned == _plan.Length && _windows.Count == 0 && _restIsDone;
            }
        }
    }

    /// <summary>Whether there is something to load around a demanded page.</summary>
    public bool HasNeighbours
    {
        get
        {
            lock (_gate)
            {
                return _windows.Count > 0;
            }
        }
    }

    /// <summary>How long it is until more of the rest may be taken; 0 for now.</summary>
    public TimeSpan UntilDue => _pace.UntilDue();

    /// <summary>Whether all of the plan was taken, and <see cref="Return"/> told of each batch of it.</summary>
    public bool IsPlanDone
    {
        get
        {
            lock (_gate)
            {
                return _planned == _plan.Length && _planUnderWay == 0;
            }
        }
    }

    /// <summary>Why the rest cannot be found to its end; null if it can. What is missing then must stay missing: nobody knows what it holds.</summary>
    public PageStoreException? RestDamage => _restDamage;

    /// <summary>A page was demanded.</summary>
    public void AddDemand(Pfn page)
    {
        if (_options.BubblePages == 0)
        {
            return;
        }

        lock (_gate)
        {
            if (_windows.Count == MaxWindows)
            {
                _windows.RemoveAt(0);
            }

            _windows.Add(new Window(page, 1, Math.Min(FirstRadius, _options.BubblePages)));
        }
    }

    /// <summary>Takes the next pages.</summary>
    /// <param name="batch">Receives them, in ascending order.</param>
    /// <returns>False if there are none now.</returns>
    public bool TryTake(FillBatch batch)
    {
        lock (_gate)
        {
            if (TryTakeWindow(batch) || TryTakePlan(batch))
            {
                return true;
            }
        }

        return !_restIsDone && UntilDue == TimeSpan.Zero && TryTakeRest(batch);
    }

    /// <summary>A batch was dealt with.</summary>
    public void Return(FillBatch batch)
    {
        if (batch.Cause == FillCause.Plan)
        {
            lock (_gate)
            {
                _planUnderWay--;
            }
        }
    }

    public void Dispose() => _runs.Dispose();

    private bool TryTakeWindow(FillBatch batch)
    {
        while (_windows.Count > 0)
        {
            Window window = _windows[^1];
            _windows.RemoveAt(_windows.Count - 1);
            batch.Reset(FillCause.Bubble);
            long next = AddUnsettled(batch, window);
            if (next <= window.Radius)
            {
                _windows.Add(window with { Next = next });
            }
            else if (window.Radius < _options.BubblePages && (IsInEpoch(window.Page + next) || IsInEpoch(window.Page + -next)))
            {
                _windows.Add(window with { Next = next, Radius = Math.Min(window.Radius * RadiusGrowth, _options.BubblePages) });
            }

            if (batch.Count > 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Adds the nearest pages that are not settled, alternately behind and before the demanded one, until the batch is full.</summary>
    /// <returns>The distance that comes next.</returns>
    private long AddUnsettled(FillBatch batch, Window window)
    {
        long distance = window.Next;
        for (; distance <= window.Radius && batch.Count < FillBatch.Capacity - 1; distance++)
        {
            AddIfUnsettled(batch, window.Page + distance);
            AddIfUnsettled(batch, window.Page + -distance);
        }

        batch.Sort();
        return distance;
    }

    private bool IsInEpoch(Pfn page) => page.Value >= 0 && page.Value < _epoch.PageCount;

    private void AddIfUnsettled(FillBatch batch, Pfn page)
    {
        if (IsInEpoch(page) && !_settled.Contains(page))
        {
            batch.Add(page);
        }
    }

    private bool TryTakePlan(FillBatch batch)
    {
        batch.Reset(FillCause.Plan, _isPacked);
        ReadOnlySpan<Pfn> plan = _plan.Span;
        for (; _planned < plan.Length && batch.Count < FillBatch.Capacity; _planned++)
        {
            // A pack is read through: what is there already is left aside when it would be brought.
            if (_isPacked || !_settled.Contains(plan[_planned]))
            {
                batch.Add(plan[_planned]);
            }
        }

        batch.Sort();
        _planUnderWay += batch.Count > 0 ? 1 : 0;
        return batch.Count > 0;
    }

    /// <summary>Finding the rest reads the index, so nobody who has a demanded page to announce waits for it.</summary>
    private bool TryTakeRest(FillBatch batch)
    {
        lock (_rest)
        {
            batch.Reset(FillCause.Background);
            while (batch.Count < FillBatch.Capacity && TryNextOfRest(out Pfn page))
            {
                batch.Add(page);
            }

            _pace.Charge((long)batch.Count * _epoch.PageSize);
            return batch.Count > 0;
        }
    }

    private bool TryNextOfRest(out Pfn page)
    {
        while (true)
        {
            if (_run.Count > 0 && _settled.TryNextUnsettled(_run.First, out page) && page < _run.First + _run.Count)
            {
                _run = new PfnRun(page + 1, _run.First + _run.Count - (page + 1));
                return true;
            }

            if (_restIsDone || !TryNextRun())
            {
                page = default;
                _restIsDone = true;
                return false;
            }
        }
    }

    private bool TryNextRun()
    {
        try
        {
            bool any = _runs.MoveNext();
            _run = any ? _runs.Current : default;
            return any;
        }
        catch (PageStoreException cause)
        {
            _restDamage = cause;
            return false;
        }
    }

    /// <param name="Page">The demanded page.</param>
    /// <param name="Next">The distance from which on nothing was taken yet: what was taken is under way, and not settled before it is there.</param>
    /// <param name="Radius">How far this round goes.</param>
    private readonly record struct Window(Pfn Page, long Next, long Radius);
}
