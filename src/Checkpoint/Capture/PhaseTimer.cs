using System.Diagnostics;

namespace PageStore.Checkpoint;

/// <summary>The phases of a capture, in their order.</summary>
internal enum Phase
{
    Stream,
    Pausing,
    Harvest,
    Copy,
    Work,
    Resuming,
    Store,
    Commit,
}

/// <summary>Measures the phases of one capture.</summary>
internal sealed class PhaseTimer
{
    private readonly TimeSpan[] _phases = new TimeSpan[(int)Phase.Commit + 1];
    private readonly long _start = Stopwatch.GetTimestamp();
    private long _last = Stopwatch.GetTimestamp();

    /// <summary>Ends a phase: it took the time since the phase before it ended.</summary>
    public void End(Phase phase)
    {
        long now = Stopwatch.GetTimestamp();
        _phases[(int)phase] = Stopwatch.GetElapsedTime(_last, now);
        _last = now;
    }

    public EpochReport Report(EpochInfo info, bool full, long streamed, long copied, int rounds) => new()
    {
        Epoch = info,
        FullImage = full,
        Pause = Of(Phase.Pausing) + Of(Phase.Harvest) + Of(Phase.Copy) + Of(Phase.Work) + Of(Phase.Resuming),
        Harvest = Of(Phase.Harvest),
        Copy = Of(Phase.Copy),
        Work = Of(Phase.Work),
        Stream = Of(Phase.Stream),
        Store = Of(Phase.Store),
        Commit = Of(Phase.Commit),
        Total = Stopwatch.GetElapsedTime(_start, _last),
        PagesStreamed = streamed,
        PagesCopied = copied,
        Rounds = rounds,
    };

    private TimeSpan Of(Phase phase) => _phases[(int)phase];
}
