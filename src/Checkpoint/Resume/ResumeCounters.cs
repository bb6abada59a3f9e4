using System.Diagnostics;

namespace PageStore.Checkpoint;

/// <summary>Counts what a lazy resume does. One thread writes; any may ask for the progress.</summary>
internal sealed class ResumeCounters
{
    /// <summary>So many damaged pages are named; more say nothing new.</summary>
    private const int MaxNamed = 1024;

    private long _begin = Stopwatch.GetTimestamp();
    private readonly LatencyHistogram _service = new();
    private readonly long[] _brought = new long[3];
    private readonly List<Pfn> _damaged = [];
    private ResumeFaults _faults;
    private long _removed;
    private TimeSpan? _ready;
    private TimeSpan? _full;
    private long _broughtInAll;
    private long _served;
    private bool _isReady;

    public ResumeProgress Progress => new(Volatile.Read(ref _isReady), Volatile.Read(ref _broughtInAll), Volatile.Read(ref _served));

    /// <summary>Times count from here.</summary>
    public void Begin() => _begin = Stopwatch.GetTimestamp();

    public void Ready()
    {
        _ready = Stopwatch.GetElapsedTime(_begin);
        Volatile.Write(ref _isReady, true);
    }

    public void Full() => _full = Stopwatch.GetElapsedTime(_begin);

    public void Brought(FillCause cause, long pages)
    {
        _brought[(int)cause] += pages;
        Volatile.Write(ref _broughtInAll, _broughtInAll + pages);
    }

    public void Removed(long pages) => _removed += pages;

    public void Damaged(Pfn page)
    {
        if (_damaged.Count < MaxNamed)
        {
            _damaged.Add(page);
        }
    }

    /// <summary>A fault was served.</summary>
    /// <param name="taken">The timestamp at which it was taken.</param>
    /// <param name="one">The count that it adds to.</param>
    public void Served(long taken, ResumeFaults one)
    {
        _service.Add((long)Stopwatch.GetElapsedTime(taken).TotalNanoseconds);
        _faults = new ResumeFaults(
            _faults.Planned + one.Planned,
            _faults.Unplanned + one.Unplanned,
            _faults.Zero + one.Zero,
            _faults.Removed + one.Removed,
            _faults.Repeated + one.Repeated,
            _faults.Damaged + one.Damaged);
        Volatile.Write(ref _broughtInAll, _broughtInAll + 1 - one.Repeated);
        Volatile.Write(ref _served, _served + 1);
    }

    public ResumeReport Report(EpochId epoch, long planned, ResumeOutcome outcome, PageStoreException? damage) => new()
    {
        Epoch = epoch,
        Outcome = outcome,
        PlannedPages = planned,
        TimeToReady = _ready,
        TimeToFull = _full,
        Faults = _faults,
        MedianService = Nanoseconds(_service.Quantile(0.5)),
        Percentile99Service = Nanoseconds(_service.Quantile(0.99)),
        LongestService = Nanoseconds(_service.Max),
        PreloadedPages = _brought[(int)FillCause.Plan],
        BubbledPages = _brought[(int)FillCause.Bubble],
        BackgroundPages = _brought[(int)FillCause.Background],
        RemovedPages = _removed,
        DamagedPages = [.. _damaged],
        Damage = damage?.Message,
    };

    private static TimeSpan Nanoseconds(long time) => TimeSpan.FromMicroseconds(time / 1000.0);
}
