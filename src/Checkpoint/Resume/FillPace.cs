namespace PageStore.Checkpoint;

/// <summary>When the next pages may be loaded that nobody waits for. Thread-safe.</summary>
/// <param name="bytesPerSecond">How many bytes a second at most; null for no limit.</param>
/// <param name="clock">What time it is.</param>
internal sealed class FillPace(long? bytesPerSecond, TimeProvider clock)
{
    /// <summary>What is not used of so much time is made up for: threads wait in whole milliseconds, and wake late on a busy host. More would be a burst that the guest notices.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(10);

    private readonly Lock _gate = new();
    private readonly long _start = clock.GetTimestamp();
    private TimeSpan _due;

    /// <summary>How long it is until more may be loaded; 0 for now.</summary>
    public TimeSpan UntilDue()
    {
        lock (_gate)
        {
            TimeSpan left = _due - clock.GetElapsedTime(_start);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>So many bytes are loaded now.</summary>
    public void Charge(long bytes)
    {
        if (bytesPerSecond is not { } rate)
        {
            return;
        }

        lock (_gate)
        {
            TimeSpan earliest = clock.GetElapsedTime(_start) - Slack;
            _due = (_due > earliest ? _due : earliest) + TimeSpan.FromSeconds((double)bytes / rate);
        }
    }
}
