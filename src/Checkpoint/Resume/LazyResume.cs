namespace PageStore.Checkpoint;

/// <summary>
/// Brings a guest back whose memory is missing: first the pages of a plan, then what it demands, then what lies around that, then the rest behind the running guest. The thread
/// that calls <see cref="Run"/> brings all pages, so that none is brought behind a removal; others read and check them ahead of it.
/// </summary>
/// <remarks>
/// A page that is damaged is poisoned: the guest is told that it cannot be had, and never sees a wrong one. It takes five bits of memory for each page of the guest, 8 bytes for each of the plan, and some MiB for each reader.
/// Not thread-safe, but for <see cref="Progress"/>. The epoch and the memory stay the caller's; several guests may be resumed from one epoch at the same time.
/// </remarks>
public sealed class LazyResume : IDisposable
{
    /// <summary>How many pages are brought before faults are looked at again, once the guest runs: 18 us at 1.1 us a page, about two services.</summary>
    private const int RunningSlice = 16;

    private readonly ILazyMemory _memory;
    private readonly ReadOnlyMemory<Pfn> _plan;
    private readonly LazyResumeOptions _options;
    private readonly Epoch _epoch;
    private readonly ResumePack? _pack;
    private readonly SettledPages _settled;
    private readonly FillQueue _queue;
    private readonly ResumeCounters _counters = new();
    private readonly FaultServer _faults;
    private FillReaders? _readers;
    private FillBatch? _batch;
    private bool _ready;

    /// <summary>Prepares it; nothing is read or brought yet.</summary>
    /// <param name="epoch">The epoch.</param>
    /// <param name="memory">The guest's memory, of the epoch's page size, and with at least as many pages.</param>
    /// <param name="plan">What to load before the guest may run; null for what the epoch's pack has (<see cref="LazyResumeOptions.UsePack"/>), or nothing.</param>
    /// <param name="options">Null stands for the defaults.</param>
    /// <exception cref="ArgumentException">The plan is another epoch's, or names pages that the epoch does not have.</exception>
    /// <exception cref="UnsupportedException">Memory and epoch do not fit each other.</exception>
    /// <exception cref="CorruptDataException">The root of the epoch's page table is damaged.</exception>
    public LazyResume(Epoch epoch, ILazyMemory memory, ResumePlan? plan, LazyResumeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(epoch);
        ArgumentNullException.ThrowIfNull(memory);
        options ??= new LazyResumeOptions();
        options.Validate();
        ThrowIfMisfit(epoch, memory);
        (_epoch, _memory, _options) = (epoch, memory, options);
        _pack = plan is null && options.UsePack ? epoch.OpenPack() : null;
        _plan = plan is null ? _pack?.ReadPlan() : PlaceOrder.Of(epoch, Checked(plan, epoch).Span);
        _settled = new SettledPages(epoch.PageCount);
        _queue = new FillQueue(epoch, _plan, _settled, options, _pack is not null);
        _faults = new FaultServer(memory, new EpochPages(epoch, _pack), _settled, _queue, _counters, _plan.Span, epoch.PageCount);
    }

    /// <summary>How far it is. Thread-safe.</summary>
    public ResumeProgress Progress => _counters.Progress;

    /// <summary>Whether it can never be complete, as nobody knows all that is missing. Thread-safe.</summary>
    internal bool IsStuck => _queue.RestDamage is not null;

    /// <summary>Resumes the guest: returns when all pages are there, the guest has ended, or on cancellation. To be called once.</summary>
    /// <param name="cancellationToken">Ends it; a guest that runs then waits at the next missing page.</param>
    /// <returns>What was done.</returns>
    /// <exception cref="UnsupportedException">
    /// A page is damaged, and the host cannot poison it; or memory of the guest was moved elsewhere while pages of it were missing (<see cref="ILazyMemory.ReadEvents"/>). Who touches such a page waits for ever: end the guest.
    /// </exception>
    /// <exception cref="StorageException">The host refused to serve the memory any more.</exception>
    public ResumeReport Run(CancellationToken cancellationToken)
    {
        if (_readers is not null)
        {
            throw new InvalidOperationException("A guest is resumed once: make another resume for another guest.");
        }

        _counters.Begin();
        using CancellationTokenRegistration wake = cancellationToken.Register(_memory.Wake);
        _readers = new FillReaders(_queue, [.. Enumerable.Range(0, _options.Readers).Select(_ => new EpochPages(_epoch, _pack))], _memory.Wake);
        return _counters.Report(_epoch.Info.Id, _plan.Length, Serve(cancellationToken), _queue.RestDamage);
    }

    /// <summary>
    /// What the guest demanded so far, and what was loaded without being demanded, for the predictor: <see cref="AccessInterval.Demanded"/> and <see cref="AccessInterval.Replayed"/> of the interval that follows. To be
    /// called when <see cref="Run"/> has returned.
    /// </summary>
    /// <returns>The caller disposes it.</returns>
    public ResumeRecord TakeRecord() => _faults.TakeRecord(_epoch.FileId, _epoch.Info.Id);

    /// <summary>Ends the threads that read. May be called again.</summary>
    public void Dispose()
    {
        _readers?.Dispose();
        _queue.Dispose();
        _settled.Dispose();
        _faults.Dispose();
    }

    private static void ThrowIfMisfit(Epoch epoch, ILazyMemory memory)
    {
        if (epoch.PageSize != memory.PageSize)
        {
            throw new UnsupportedException($"The epoch has pages of {epoch.PageSize} bytes, the memory of {memory.PageSize}: resume it on a host with pages of that size.");
        }

        if (epoch.PageCount > memory.PageCount)
        {
            throw new UnsupportedException($"Epoch {epoch.Info.Id} has {epoch.PageCount} pages, the guest's memory {memory.PageCount}: give the guest as much memory as it had.");
        }
    }

    private static ReadOnlyMemory<Pfn> Checked(ResumePlan plan, Epoch epoch)
    {
        if (plan.Epoch != epoch.Info.Id)
        {
            throw new ArgumentException($"The plan is for epoch {plan.Epoch} and says nothing of epoch {epoch.Info.Id}: make one for it.", nameof(plan));
        }

        foreach (Pfn page in plan.Pages.Span)
        {
            if (page.Value < 0 || page.Value >= epoch.PageCount)
            {
                throw new ArgumentException($"The plan names page {page}; the epoch has {epoch.PageCount}.", nameof(plan));
            }
        }

        return plan.Pages;
    }

    private ResumeOutcome Serve(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            if (!_ready && _queue.IsPlanDone)
            {
                _ready = true;
                _counters.Ready();
                _memory.SetReady();
            }

            _batch ??= _readers!.TryTake();
            bool isDone = _batch is null && _options.BackgroundFill && _ready && _readers!.IsDone && _queue.RestDamage is null;
            if (isDone && !_faults.TakeEvents() && !HasEnded())
            {
                _memory.Release();
                _counters.Full();
                return ResumeOutcome.Complete;
            }

            if (!WaitAndServe(_batch is null && !isDone && !_faults.HasPending))
            {
                return ResumeOutcome.GuestEnded;
            }

            PlaceSlice();
        }

        return ResumeOutcome.Cancelled;
    }

    /// <summary>Whether the guest has gone: what was brought to it last went nowhere.</summary>
    private bool HasEnded() => (_memory.Wait(TimeSpan.Zero) & LazyMemorySignals.Ended) != 0;

    /// <summary>Serves what was demanded. False if the guest has ended.</summary>
    private bool WaitAndServe(bool mayWait)
    {
        LazyMemorySignals signals = _memory.Wait(mayWait ? Timeout.InfiniteTimeSpan : TimeSpan.Zero);
        if ((signals & LazyMemorySignals.Ended) != 0)
        {
            return false;
        }

        if ((signals & LazyMemorySignals.Events) != 0)
        {
            _faults.TakeEvents();
        }

        // A reader that finds nothing would only take the processor from the guest.
        if (_faults.ServeAll() && _queue.HasNeighbours)
        {
            _readers!.Notify();
        }

        return true;
    }

    private void PlaceSlice()
    {
        if (_batch is null)
        {
            return;
        }

        _faults.Place(_batch, _ready ? RunningSlice : FillBatch.Capacity);
        if (_batch.Placed == _batch.Count)
        {
            _readers!.Return(_batch);
            _batch = null;
        }
    }
}
