using FsCheck.Xunit;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Quantiles are those of the sorted times, at most a sixteenth too long.</summary>
public sealed class LatencyHistogramTests
{
    [Property(MaxTest = 300)]
    public void Quantiles_are_those_of_a_sorted_list(long[] times, byte share)
    {
        var histogram = new LatencyHistogram();
        List<long> sorted = [.. times.Select(time => (time & long.MaxValue) >> (int)((ulong)time % 60)).Order()];
        sorted.ForEach(histogram.Add);
        long exact = sorted.Count == 0 ? 0 : sorted[Math.Max(0, (int)Math.Ceiling(share / 255.0 * sorted.Count) - 1)];

        Assert.Equal((sorted.Count, sorted.LastOrDefault()), (histogram.Count, histogram.Max));
        Assert.InRange(histogram.Quantile(share / 255.0), exact, exact + Math.Min(exact / 16, long.MaxValue - exact));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(32)]
    [InlineData(long.MaxValue)]
    public void A_time_alone_is_all_quantiles(long time)
    {
        var histogram = new LatencyHistogram();
        histogram.Add(time);

        Assert.All([0.0, 0.5, 0.99, 1.0], share => Assert.Equal(time, histogram.Quantile(share)));
    }
}
