using Xunit;

namespace PageStore.Tests.Prediction;

public sealed class AccessIntervalTests
{
    [Fact]
    public void Written_and_read_pages_count_as_accessed()
    {
        AccessInterval interval = Intervals.Of(100, [1, 2], [3, 99]);
        using var accessed = Intervals.Set(100, 50);

        interval.AddAccessed(accessed);

        Assert.Equal([1, 2, 3, 50, 99], accessed.ToNumbers());
    }

    [Fact]
    public void What_a_resume_loaded_ahead_counts_only_if_it_was_written()
    {
        AccessInterval interval = Intervals.Of(100, [1], [2, 3]) with { Replayed = Intervals.Set(100, 1, 2, 50) };
        using var accessed = new PageBitmap(100);

        interval.AddAccessed(accessed);

        Assert.Equal([1, 3], accessed.ToNumbers());
    }

    [Fact]
    public void What_the_guest_asked_for_counts_always()
    {
        AccessInterval interval = Intervals.Of(100, [1], [2]) with { Replayed = Intervals.Set(100, 2, 7), Demanded = Intervals.Set(100, 7) };
        using var accessed = new PageBitmap(100);

        interval.AddAccessed(accessed);

        Assert.Equal([1, 7], accessed.ToNumbers());
    }
}
