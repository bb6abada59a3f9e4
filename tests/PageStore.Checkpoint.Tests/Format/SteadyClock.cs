namespace PageStore.Checkpoint.Tests;

/// <summary>Each look at it is a second later than the one before, so that a file has the same bytes each time it is written.</summary>
internal sealed class SteadyClock : TimeProvider
{
    private DateTimeOffset _now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow() => _now = _now.AddSeconds(1);
}
