using System.Diagnostics;
using PageStore.Native;

namespace PageStore.Cli;

/// <summary>Collects what a guest reports of its progress. It never looks into the guest's memory, which may be missing still. For one thread.</summary>
/// <param name="guest">The guest.</param>
/// <param name="start">Where time counts from, by <see cref="Stopwatch"/>.</param>
internal sealed class ProgressRecorder(LiveGuest guest, long start)
{
    /// <summary>Of reports that follow each other faster one in so long is kept: a curve of ten seconds has two thousand points then.</summary>
    private static readonly TimeSpan Spacing = TimeSpan.FromMilliseconds(5);

    /// <summary>How often reports are fetched; the machine keeps many times as many.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(50);

    private readonly List<ProgressSample> _samples = [];
    private readonly KvmProgress[] _reports = new KvmProgress[4096];
    private long _next;
    private ProgressSample _last;

    /// <summary>Notes where the guest is that is about to be run, and follows it for a while.</summary>
    /// <param name="operations">How many operations it has done before.</param>
    /// <param name="duration">For how long.</param>
    /// <param name="onTick">Called some times a second meanwhile.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>What it did: first where it stood, and last where it was at the end.</returns>
    /// <exception cref="CorruptDataException">The guest stopped.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IReadOnlyList<ProgressSample> Follow(long operations, TimeSpan duration, Action onTick, CancellationToken cancellation)
    {
        double begin = Stopwatch.GetElapsedTime(start).TotalSeconds;
        _last = new ProgressSample(begin, operations);
        _samples.Add(_last);
        guest.Machine.Run();
        while (Stopwatch.GetElapsedTime(start).TotalSeconds - begin < duration.TotalSeconds)
        {
            cancellation.WaitHandle.WaitOne(Tick);
            cancellation.ThrowIfCancellationRequested();
            guest.ThrowIfStopped();
            onTick();
            Fetch();
        }

        // A guest that reports nothing any more stands, as far as anybody can tell.
        double end = Stopwatch.GetElapsedTime(start).TotalSeconds;
        if (_samples[^1].Operations < _last.Operations && _last.Seconds < end)
        {
            _samples.Add(_last);
        }

        if (end > _samples[^1].Seconds)
        {
            _samples.Add(_last with { Seconds = end });
        }

        return _samples;
    }

    private void Fetch()
    {
        int count;
        do
        {
            count = guest.Machine.ReadProgress(ref _next, _reports);
            _next += count;
            foreach (KvmProgress report in _reports.AsSpan(0, count))
            {
                Note(new ProgressSample(((long)report.Nanoseconds - start) / (double)Stopwatch.Frequency, (long)report.Counter));
            }
        }
        while (count == _reports.Length);
    }

    /// <summary>The first report is kept whenever it comes: it is the first progress.</summary>
    private void Note(ProgressSample sample)
    {
        _last = sample;
        if (_samples.Count == 1 || sample.Seconds - _samples[^1].Seconds >= Spacing.TotalSeconds)
        {
            _samples.Add(sample);
        }
    }
}
