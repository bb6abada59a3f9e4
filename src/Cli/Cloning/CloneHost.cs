using System.Diagnostics;
using System.Text.Json;
using PageStore.Native;

namespace PageStore.Cli;

/// <summary>
/// The process of one clone. It does what it is told on its standard input, a line at a time, and answers each in a line of JSON, so that all clones do each step at the same time or in turn, as their owner likes. It ends
/// when the input does: with the owner.
/// </summary>
/// <param name="source">The memory that all clones share.</param>
/// <param name="input">Where it is told.</param>
/// <param name="output">Where it answers.</param>
internal sealed class CloneHost(CloneBase source, TextReader input, TextWriter output) : IDisposable
{
    /// <summary>Followed by the state of the guest's processor, in base64.</summary>
    public const string Start = "start";

    public const string Run = "run";

    public const string Pause = "pause";

    public const string Measure = "measure";

    public const string Check = "check";

    /// <summary>The answer to what has none.</summary>
    public const string Done = "{}";

    private MemoryClone? _clone;
    private LiveGuest? _guest;

    private LiveGuest Guest => _guest ?? throw new ArgumentException("The clone was not started.");

    /// <summary>Serves the owner to the end of the input.</summary>
    /// <exception cref="PageStoreException">The guest stopped, or the host refused something.</exception>
    /// <exception cref="ArgumentException">It was told nonsense.</exception>
    public void Serve(CancellationToken cancellation)
    {
        output.WriteLine(Done);
        while (input.ReadLine() is { } line)
        {
            cancellation.ThrowIfCancellationRequested();
            string[] words = line.Split(' ');
            output.WriteLine(words[0] switch
            {
                Start => JsonSerializer.Serialize(StartGuest(Convert.FromBase64String(words[1]), cancellation), ResultJson.Default.CloneStarted),
                Run => RunGuest(),
                Pause => PauseGuest(),
                Measure => JsonSerializer.Serialize(MeasureGuest(), ResultJson.Default.CloneMeasured),
                Check => JsonSerializer.Serialize(CheckGuest(cancellation), ResultJson.Default.CloneChecked),
                _ => throw new ArgumentException($"'{words[0]}' is nothing that a clone does."),
            });
        }
    }

    public void Dispose()
    {
        _guest?.Dispose();
        _clone?.Dispose();
    }

    /// <summary>It stands again when it has done something: the clones that are started later are not disturbed by it.</summary>
    private CloneStarted StartGuest(byte[] state, CancellationToken cancellation)
    {
        Rehearse(state);
        long start = Stopwatch.GetTimestamp();
        Make(state);
        double ready = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        Guest.Machine.Run();
        Guest.WaitUntilReady(cancellation);
        Guest.Machine.Pause();
        return new CloneStarted(ready, FirstReport(start));
    }

    /// <summary>
    /// Makes the same clone, and throws it away before it has run. What a process does for the first time its runtime compiles first, and a measurement of that would tell nothing of clones.
    /// </summary>
    private void Rehearse(byte[] state)
    {
        Make(state);
        Dispose();
    }

    private void Make(byte[] state)
    {
        _clone = source.MapClone();
        _guest = new LiveGuest(_clone.Memory);
        _guest.Machine.SetState(state);
    }

    /// <summary>By the report's own time, which is of the same clock.</summary>
    private double FirstReport(long start)
    {
        long from = 0;
        Span<KvmProgress> first = stackalloc KvmProgress[1];
        Guest.Machine.ReadProgress(ref from, first);
        return ((long)first[0].Nanoseconds - start) * 1000.0 / Stopwatch.Frequency;
    }

    private string RunGuest()
    {
        Guest.Machine.Run();
        return Done;
    }

    private string PauseGuest()
    {
        Guest.ThrowIfStopped();
        Guest.Machine.Pause();
        return Done;
    }

    private CloneMeasured MeasureGuest()
    {
        using var own = new PageBitmap(Guest.Memory.PageCount);
        _clone!.GetOwnPages(own);
        RegionUsage usage = _clone.MeasureUsage();
        return new CloneMeasured(own.Count(), usage.ProportionalBytes + usage.SwappedBytes, ProcessMemory.ProportionalBytes(), Guest.Machine.Status.Reports);
    }

    private CloneChecked CheckGuest(CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        Guest.Machine.Run();
        Guest.CheckAndEnd(cancellation);
        return new CloneChecked(Stopwatch.GetElapsedTime(start).TotalSeconds);
    }
}
