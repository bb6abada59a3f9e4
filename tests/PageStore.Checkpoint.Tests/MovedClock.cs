namespace PageStore.Checkpoint.Tests;

/// <summary>A clock that stands until it is moved.</summary>
internal sealed class MovedClock : TimeProvider
{
    private TimeSpan _now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => _now.Ticks;

    public void Advance(TimeSpan time) => _now += time;
}
