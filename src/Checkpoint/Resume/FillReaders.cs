namespace PageStore.Checkpoint;

/// <summary>Threads that read what a <see cref="FillQueue"/> says into batches, for the one that brings them. Owned and disposed by that one.</summary>
internal sealed class FillReaders : IDisposable
{
    /// <summary>Batches for each reader: one that it reads, one that waits, and one that is being brought.</summary>
    private const int BatchesEach = 3;

    private readonly object _gate = new();
    private readonly FillQueue _queue;
    private readonly Action _wake;
    private readonly Queue<FillBatch> _read = [];
    private readonly Stack<FillBatch> _free = [];
    private readonly Thread[] _threads;
    private Exception? _failure;
    private bool _closed;
    private int _underWay;

    /// <param name="queue">What to read.</param>
    /// <param name="pages">Where from: one for each thread.</param>
    /// <param name="wake">Called from any of them when a batch is there, or all is done.</param>
    public FillReaders(FillQueue queue, IReadOnlyList<EpochPages> pages, Action wake)
    {
        (_queue, _wake) = (queue, wake);
        for (int i = 0; i < pages.Count * BatchesEach; i++)
        {
            _free.Push(new FillBatch(pages[0].PageSize));
        }

        _threads = new Thread[pages.Count];
        for (int i = 0; i < _threads.Length; i++)
        {
            EpochPages own = pages[i];
            _threads[i] = new Thread(() => Run(own)) { IsBackground = true, Name = "PageStore resume reader" };
            _threads[i].Start();
        }
    }

    /// <summary>Whether all was read and brought.</summary>
    public bool IsDone
    {
        get
        {
            lock (_gate)
            {
                return _underWay == 0 && _queue.IsExhausted;
            }
        }
    }

    /// <summary>Takes a batch that was read; null if there is none now.</summary>
    /// <exception cref="AggregateException">A reader failed.</exception>
    public FillBatch? TryTake()
    {
        lock (_gate)
        {
            return _failure is { } failure
                ? throw new AggregateException(failure)
                : _read.TryDequeue(out FillBatch? batch) ? batch : null;
        }
    }

    /// <summary>Gives a batch back that was brought.</summary>
    public void Return(FillBatch batch)
    {
        _queue.Return(batch);
        lock (_gate)
        {
            _underWay--;
            _free.Push(batch);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>There may be something in the queue again.</summary>
    public void Notify()
    {
        lock (_gate)
        {
            Monitor.PulseAll(_gate);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
        }

        foreach (Thread thread in _threads)
        {
            thread.Join();
        }
    }

    private void Run(EpochPages pages)
    {
        try
        {
            bool givesWay = false;
            while (TakeFree() is { } batch)
            {
                FillCause? cause = ReadNext(batch, pages);
                if (cause == FillCause.Background && !givesWay)
                {
                    // From here on the guest runs, and would have to share its processor with a reader that it does not wait for.
                    HostThread.GiveWay();
                    givesWay = true;
                }
            }
        }
        catch (Exception e)
        {
            lock (_gate)
            {
                _failure ??= e;
            }

            _wake();
        }
    }

    private FillBatch? TakeFree()
    {
        lock (_gate)
        {
            while (!_closed && _free.Count == 0)
            {
                Monitor.Wait(_gate);
            }

            if (_closed)
            {
                return null;
            }

            _underWay++;
            return _free.Pop();
        }
    }

    /// <summary>Reads what comes next; waits if there is nothing.</summary>
    /// <returns>Why it was read; null for nothing.</returns>
    private FillCause? ReadNext(FillBatch batch, EpochPages pages)
    {
        if (_queue.TryTake(batch))
        {
            FillCause cause = batch.Cause;
            pages.Read(batch);
            lock (_gate)
            {
                _read.Enqueue(batch);
            }

            _wake();
            return cause;
        }

        lock (_gate)
        {
            _underWay--;
            _free.Push(batch);
        }

        WaitForMore();
        return null;
    }

    private void WaitForMore()
    {
        bool isExhausted = _queue.IsExhausted;
        if (isExhausted)
        {
            // Perhaps this was the end of it.
            _wake();
        }

        lock (_gate)
        {
            if (!_closed && isExhausted == _queue.IsExhausted)
            {
                Monitor.Wait(_gate, isExhausted ? Timeout.Infinite : (int)Math.Ceiling(_queue.UntilDue.TotalMilliseconds));
            }
        }
    }
}
