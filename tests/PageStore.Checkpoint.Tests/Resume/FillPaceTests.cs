using FsCheck.Xunit;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>However a loader comes and goes, it never gets ahead of its rate by more than the slack and what it loads at once, and with enough to load it falls behind by no more.</summary>
public sealed class FillPaceTests
{
    private const long Rate = 1 << 20;

    /// <summary>What 10 ms are worth, which are made up for.</summary>
    private const double Slack = Rate / 100.0;

    [Property(MaxTest = 100)]
    public void Nobody_gets_ahead_of_the_rate(int seed)
    {
        var random = new Random(seed);
        var clock = new MovedClock();
        var pace = new FillPace(Rate, clock);
        double seconds = 0;
        long loaded = 0;
        int largest = 0;
        for (int i = 0; i < 300; i++)
        {
            if (pace.UntilDue() == TimeSpan.Zero)
            {
                int bytes = random.Next(1, 30_000);
                pace.Charge(bytes);
                loaded += bytes;
                largest = Math.Max(largest, bytes);
            }

            Assert.True(loaded <= (Rate * seconds) + Slack + largest, $"{loaded} bytes in {seconds} s");
            var time = TimeSpan.FromMilliseconds(random.Next(0, 40));
            clock.Advance(time);
            seconds += time.TotalSeconds;
        }
    }

    [Property(MaxTest = 100)]
    public void Who_wakes_late_catches_up(int seed)
    {
        var random = new Random(seed);
        var clock = new MovedClock();
        var pace = new FillPace(Rate, clock);
        double seconds = 0;
        long loaded = 0;
        for (int i = 0; i < 300; i++)
        {
            // Late by less than the slack, and by less than what is loaded at once lasts, so that it does not add up.
            TimeSpan time = pace.UntilDue() + TimeSpan.FromMilliseconds(random.Next(0, 9));
            clock.Advance(time);
            seconds += time.TotalSeconds;
            Assert.Equal(TimeSpan.Zero, pace.UntilDue());
            pace.Charge(20_000);
            loaded += 20_000;
        }

        Assert.True(loaded >= (Rate * seconds) - Slack, $"{loaded} bytes in {seconds} s");
    }

    [Fact]
    public void Without_a_rate_it_is_always_time()
    {
        var pace = new FillPace(null, new MovedClock());
        pace.Charge(long.MaxValue);
        Assert.Equal(TimeSpan.Zero, pace.UntilDue());
    }
}
