using System.Diagnostics;

namespace PageStore.Checkpoint;

/// <summary>Takes what happens to a guest's memory, and brings pages into it. Belongs to the one thread that brings pages.</summary>
internal sealed class FaultServer : IDisposable
{
    /// <summary>As many as one call of the system reads.</summary>
    private const int EventsAtOnce = 16;

    private readonly ILazyMemory _memory;
    private readonly EpochPages _pages;
    private readonly SettledPages _settled;
    private readonly FillQueue _queue;
    private readonly ResumeCounters _counters;
    private readonly long _pageCount;
    private readonly PageBitmap _planned;
    private readonly PageBitmap _removed;
    private readonly PageBitmap _demanded;
    private readonly PageBitmap _ahead;
    private readonly Queue<(Pfn Page, long Taken)> _pending = [];
    private readonly LazyMemoryEvent[] _events = new LazyMemoryEvent[EventsAtOnce];
    private readonly byte[] _page;

    public FaultServer(
        ILazyMemory memory, EpochPages pages, SettledPages settled, FillQueue queue, ResumeCounters counters, ReadOnlySpan<Pfn> plan, long pageCount)
    {
        (_memory, _pages, _settled, _queue, _counters, _pageCount) = (memory, pages, settled, queue, counters, pageCount);
        _page = GC.AllocateUninitializedArray<byte>(pages.PageSize, pinned: true);
        _planned = new PageBitmap(pageCount);
        _removed = new PageBitmap(pageCount);
        _demanded = new PageBitmap(pageCount);
        _ahead = new PageBitmap(pageCount);
        foreach (Pfn page in plan)
        {
            _planned.Set(page);
        }
    }

    /// <summary>Whether somebody waits for a page that was not served yet.</summary>
    public bool HasPending => _pending.Count > 0;

    /// <summary>Takes all that happened: pages that the guest gave up count as such from now on, faults wait to be served.</summary>
    /// <returns>Whether anything had happened.</returns>
    public bool TakeEvents()
    {
        bool any = false;
        bool more = true;
        while (more && _memory.ReadEvents(_events) is > 0 and int count)
        {
            // Behind a few faults there is seldom anything, and asking costs a system call while the guest waits. A removal is taken to its end.
            any = true;
            more = count == EventsAtOnce;
            long now = Stopwatch.GetTimestamp();
            foreach (LazyMemoryEvent happened in _events.AsSpan(0, count))
            {
                more |= happened.Kind == LazyMemoryEventKind.Removed;
                Take(happened, now);
            }
        }

        return any;
    }

    /// <summary>Serves all faults that were taken.</summary>
    /// <returns>Whether there were any.</returns>
    public bool ServeAll()
    {
        bool any = _pending.Count > 0;
        while (_pending.TryPeek(out (Pfn Page, long Taken) fault) && Serve(fault.Page, fault.Taken))
        {
            _pending.Dequeue();
        }

        return any;
    }

    /// <summary>Brings the next pages of a batch that are not settled yet.</summary>
    /// <param name="batch">The batch; <see cref="FillBatch.Placed"/> says how far it is.</param>
    /// <param name="limit">How many at most.</param>
    public void Place(FillBatch batch, int limit)
    {
        int end = Math.Min(batch.Count, batch.Placed + limit);
        while (batch.Placed < end)
        {
            int run = UnsettledRun(batch, end);
            if (run == 0)
            {
                batch.Placed++;
                continue;
            }

            int done = Bring(batch, run);
            batch.Placed += done;
            if (done < run)
            {
                return;
            }
        }
    }

    public ResumeRecord TakeRecord(Guid file, EpochId epoch) => new(file, epoch, _pages.PageSize, _demanded.Copy(), _ahead.Copy());

    public void Dispose()
    {
        _planned.Dispose();
        _removed.Dispose();
        _demanded.Dispose();
        _ahead.Dispose();
    }

    private void Take(LazyMemoryEvent happened, long now)
    {
        if (happened.Kind != LazyMemoryEventKind.Removed)
        {
            _pending.Enqueue((happened.First, now));
            return;
        }

        _counters.Removed(happened.Count);
        _settled.Add(happened.First, happened.Count);
        if (happened.First.Value < _pageCount)
        {
            _removed.SetRange(happened.First, Math.Min(happened.Count, _pageCount - happened.First.Value));
        }
    }

    /// <summary>Serves a fault. False if events must be taken first.</summary>
    private bool Serve(Pfn page, long taken)
    {
        bool inEpoch = page.Value < _pageCount;
        bool isRemoved = inEpoch && _removed.Contains(page);
        bool wasSettled = inEpoch && !isRemoved && _settled.Contains(page);
        FillContent content = isRemoved || !inEpoch ? FillContent.Zero : _pages.Read(page, _page);
        if (Bring(page, 1, content, _page) == 0)
        {
            return false;
        }

        _counters.Served(taken, Cause(page, content, isRemoved, wasSettled));
        if (inEpoch && !isRemoved && !wasSettled)
        {
            CountDamage(page, 1, content);
            _settled.Add(page, 1);
            _demanded.Set(page);
            _queue.AddDemand(page);
        }

        return true;
    }

    private ResumeFaults Cause(Pfn page, FillContent content, bool isRemoved, bool wasSettled) =>
        isRemoved ? new ResumeFaults { Removed = 1 }
        : wasSettled ? new ResumeFaults { Repeated = 1 }
        : content == FillContent.Zero ? new ResumeFaults { Zero = 1 }
        : content == FillContent.Damaged ? new ResumeFaults { Damaged = 1 }
        : _planned.Contains(page) ? new ResumeFaults { Planned = 1 }
        : new ResumeFaults { Unplanned = 1 };

    /// <summary>How many pages from the next one on follow each other, are of one kind, and not settled. Nothing of a removal that was not taken yet is known: the memory says so.</summary>
    private int UnsettledRun(FillBatch batch, int end)
    {
        int at = batch.Placed;
        int run = 0;
        while (at + run < end && batch.Pages[at + run] == batch.Pages[at] + run
            && batch.Contents[at + run] == batch.Contents[at] && !_settled.Contains(batch.Pages[at + run]))
        {
            run++;
        }

        return run;
    }

    private int Bring(FillBatch batch, int run)
    {
        int at = batch.Placed;
        Pfn first = batch.Pages[at];
        int done = Bring(first, run, batch.Contents[at], batch.Buffer.Slice(at * _pages.PageSize, run * _pages.PageSize));
        if (done > 0)
        {
            CountDamage(first, done, batch.Contents[at]);
            _settled.Add(first, done);
            _ahead.SetRange(first, done);
            _counters.Brought(batch.Cause, done);
        }

        return done;
    }

    /// <summary>How many pages were brought; fewer than given if events must be taken first.</summary>
    private int Bring(Pfn first, int count, FillContent content, ReadOnlySpan<byte> pages)
    {
        switch (content)
        {
            case FillContent.Data:
                return _memory.Fill(first, pages);
            case FillContent.Zero:
                return (int)_memory.FillZero(first, count);
            default:
                return _memory.Poison(first) ? 1 : 0;
        }
    }

    private void CountDamage(Pfn first, int count, FillContent content)
    {
        for (int i = 0; content == FillContent.Damaged && i < count; i++)
        {
            _counters.Damaged(first + i);
        }
    }
}
