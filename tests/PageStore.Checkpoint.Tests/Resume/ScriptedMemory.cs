namespace PageStore.Checkpoint.Tests;

/// <summary>
/// The memory of a guest that runs between and within the calls of whoever brings its pages: a dictionary, and a random number that decides. It follows the words of
/// <see cref="ILazyMemory"/> and, where they are silent, the kernel: a removal is told first, done some time after it was read, and nothing can be brought in between.
/// Whatever is brought must be right when it is brought.
/// </summary>
internal sealed class ScriptedMemory(GuestOracle oracle, GuestScript script) : ILazyMemory
{
    /// <summary>By then somebody would have come: the guest waits for ever.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly object _gate = new();
    private readonly Random _random = new(script.Seed);
    private readonly Dictionary<long, byte[]?> _pages = [];
    private readonly HashSet<long> _poisoned = [];
    private readonly HashSet<long> _removed = [];
    private readonly HashSet<long> _waiting = [];
    private readonly Queue<LazyMemoryEvent> _events = [];
    private int _steps = script.Steps;
    private LazyMemoryEvent? _removal;
    private int _lateBy;
    private LazyMemoryEvent? _discarding;
    private bool _woken;
    private bool _ended;

    public int PageSize => GuestOracle.PageSize;

    public long PageCount => oracle.PageCount + script.PagesBehindEpoch;

    /// <summary>Asked now and then when the guest may run and has nothing to do any more: whether it ends. Without it, it waits until all is there.</summary>
    public Func<bool>? EndsWhenIdle { get; init; }

    /// <summary>Whether it has no way to tell a guest that a page cannot be had.</summary>
    public bool CannotPoison { get; init; }

    /// <summary>Called before a page is brought; may throw.</summary>
    public Action<long>? BeforeFill { get; init; }

    /// <summary>What was there when the guest might run; null if it never might.</summary>
    public HashSet<long>? AtReady { get; private set; }

    public bool Released { get; private set; }

    /// <summary>Nobody is to call it any more.</summary>
    public bool Closed { get; set; }

    public int CallsWhenClosed { get; private set; }

    public IReadOnlyDictionary<long, byte[]?> Pages => _pages;

    public IReadOnlySet<long> Poisoned => _poisoned;

    public IReadOnlySet<long> Removed => _removed;

    public long Touches { get; private set; }

    public long RemovedPages { get; private set; }

    private bool IsChanging => _removal is not null;

    public LazyMemorySignals Wait(TimeSpan timeout)
    {
        lock (_gate)
        {
            NoteCall();
            Step();
            while (true)
            {
                TellRemoval();
                LazyMemorySignals signals = Signals();
                if (signals != 0 || timeout == TimeSpan.Zero || _random.Next(16) == 0)
                {
                    _woken = false;
                    return signals;
                }

                Check(IsChanging || _waiting.Count == 0, $"page {_waiting.FirstOrDefault()} is waited for, and nobody remembers");
                WaitForSomething();
            }
        }
    }

    public void Wake()
    {
        lock (_gate)
        {
            NoteCall();
            _woken = true;
            Monitor.PulseAll(_gate);
        }
    }

    public int ReadEvents(Span<LazyMemoryEvent> events)
    {
        lock (_gate)
        {
            NoteCall();
            TellRemoval();
            Discard();
            int count = 0;
            for (int room = _random.Next(1, events.Length + 1); count < room && _events.TryDequeue(out LazyMemoryEvent happened); count++)
            {
                events[count] = happened;
                if (happened.Kind == LazyMemoryEventKind.Removed)
                {
                    BeginDiscard(happened);
                }
            }

            return count;
        }
    }

    public int Fill(Pfn first, ReadOnlySpan<byte> pages)
    {
        Check(pages.Length > 0 && pages.Length % PageSize == 0, "no whole pages");
        lock (_gate)
        {
            int count = pages.Length / PageSize;
            for (int i = 0; i < count; i++)
            {
                if (!CanBring(first.Value + i))
                {
                    return _ended ? count : i;
                }

                Put(first.Value + i, pages.Slice(i * PageSize, PageSize));
            }

            return count;
        }
    }

    public long FillZero(Pfn first, long count)
    {
        Check(count > 0, "no pages");
        lock (_gate)
        {
            for (long i = 0; i < count; i++)
            {
                if (!CanBring(first.Value + i))
                {
                    return _ended ? count : i;
                }

                Put(first.Value + i, []);
            }

            return count;
        }
    }

    public bool Poison(Pfn page)
    {
        lock (_gate)
        {
            if (!CanBring(page.Value))
            {
                return _ended;
            }

            if (CannotPoison)
            {
                throw new UnsupportedException($"Page {page} cannot be poisoned.");
            }

            Check((oracle.AnyMayBeLost || oracle.Damaged.Contains(page.Value)) && !_removed.Contains(page.Value), $"page {page} is poisoned without need");
            if (!_pages.ContainsKey(page.Value))
            {
                _poisoned.Add(page.Value);
            }

            _waiting.Remove(page.Value);
            return true;
        }
    }

    public void SetReady()
    {
        lock (_gate)
        {
            NoteCall();
            Check(AtReady is null, "the guest may run twice");
            AtReady = [.. _pages.Keys, .. _poisoned];
        }
    }

    public void Release()
    {
        lock (_gate)
        {
            NoteCall();
            Check(!_ended, "a guest that has ended is complete");
            Discard();
            Released = true;
            _waiting.Clear();
        }
    }

    public void Dispose()
    {
    }

    /// <summary>The guest ends, at whatever is going on.</summary>
    public void End()
    {
        lock (_gate)
        {
            _ended = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>The guest touches a page.</summary>
    public void Demand(long page)
    {
        lock (_gate)
        {
            Touch(page);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>What the guest sees once nothing is missing any more is what it should.</summary>
    public void AssertWhole()
    {
        Check(Released, "the memory was not released");
        for (long page = 0; page < PageCount; page++)
        {
            if (_removed.Contains(page))
            {
                Check(_pages.GetValueOrDefault(page) is null || _discarding is not null, $"page {page} was given up and came back");
            }
            else if (oracle.Damaged.Contains(page))
            {
                Check(_poisoned.Contains(page), $"page {page} cannot be had, and the guest is not told");
            }
            else
            {
                Check(oracle.ContentOf(page) is null || _pages.ContainsKey(page) || _poisoned.Contains(page), $"page {page} reads as zeros");
            }
        }
    }

    private static void Check(bool good, string otherwise)
    {
        if (!good)
        {
            throw new InvalidOperationException(otherwise);
        }
    }

    private void NoteCall() => CallsWhenClosed += Closed ? 1 : 0;

    private LazyMemorySignals Signals() =>
        (_events.Count > 0 ? LazyMemorySignals.Events : 0) | (_woken ? LazyMemorySignals.Woken : 0) | (_ended ? LazyMemorySignals.Ended : 0);

    private void WaitForSomething()
    {
        if (_removal is not null)
        {
            return;
        }

        if (_steps > 0 && _random.Next(4) != 0)
        {
            Step();
        }
        else if (_steps > 0 || EndsWhenIdle is null || AtReady is null)
        {
            // Whoever reads has a chance to come first.
            Check(Monitor.Wait(_gate, _steps > 0 ? TimeSpan.FromMilliseconds(1) : Patience) || _steps > 0, "nobody wakes the thread that brings pages");
        }
        else if (!Monitor.Wait(_gate, TimeSpan.FromMilliseconds(20)))
        {
            _ended |= EndsWhenIdle();
        }
    }

    /// <summary>The guest does something.</summary>
    private void Step()
    {
        if (_steps == 0 || _ended || Released)
        {
            return;
        }

        _steps--;
        _ended = script.EndsBeforeStep == _steps;
        long page = _random.NextInt64(PageCount);
        switch (_random.Next(10))
        {
            case 0 when script.Removes && _removal is null && _discarding is null:
                _removal = new LazyMemoryEvent(LazyMemoryEventKind.Removed, new Pfn(page), Math.Min(_random.Next(1, 40), PageCount - page));
                _lateBy = _random.Next(4);
                break;
            case < 4:
                for (long next = page; next < Math.Min(page + 3, PageCount); next++)
                {
                    Touch(next);
                }

                break;
            default:
                Touch(page);
                break;
        }
    }

    private void Touch(long page)
    {
        Touches++;
        if (_pages.ContainsKey(page) || _poisoned.Contains(page))
        {
            return;
        }

        // Two processors may wait for one page.
        _waiting.Add(page);
        _events.Enqueue(new LazyMemoryEvent(_random.Next(2) == 0 ? LazyMemoryEventKind.ReadFault : LazyMemoryEventKind.WriteFault, new Pfn(page), 1));
    }

    /// <summary>Time passes while something is brought.</summary>
    private bool CanBring(long page)
    {
        NoteCall();
        if (_random.Next(8) == 0)
        {
            Step();
        }

        BeforeFill?.Invoke(page);
        return !_ended && !IsChanging;
    }

    private void Put(long page, ReadOnlySpan<byte> content)
    {
        Check(page >= 0 && page < PageCount, $"page {page} is none of the memory's");
        Check(content.IsEmpty || !_removed.Contains(page), $"page {page} is brought behind its removal");
        byte[]? expected = _removed.Contains(page) ? null : oracle.ContentOf(page);
        Check(content.SequenceEqual(expected), $"page {page} is brought wrong");
        Check(_removed.Contains(page) || !oracle.Damaged.Contains(page), $"page {page} cannot be had, and is brought");
        _poisoned.Remove(page);
        _pages.TryAdd(page, expected);
        _waiting.Remove(page);
    }

    /// <summary>A removal is under way before it can be read.</summary>
    private void TellRemoval()
    {
        if (_removal is { } removal && _lateBy-- == 0)
        {
            _events.Enqueue(removal);
        }
    }

    private void BeginDiscard(LazyMemoryEvent removal)
    {
        _removal = null;
        _discarding = removal;
        RemovedPages += removal.Count;
        for (long page = removal.First.Value; page < removal.First.Value + removal.Count; page++)
        {
            _removed.Add(page);
        }
    }

    private void Discard()
    {
        if (_discarding is { } removal)
        {
            _discarding = null;
            for (long page = removal.First.Value; page < removal.First.Value + removal.Count; page++)
            {
                _pages.Remove(page);
                _poisoned.Remove(page);
            }
        }
    }
}
