using FsCheck.Xunit;

namespace PageStore.Cli.Tests;

/// <summary>Axes end at round numbers, not much behind what they show.</summary>
public sealed class ChartScaleTests
{
    [Theory]
    [InlineData(0, 1, 1)]
    [InlineData(1, 0.2, 5)]
    [InlineData(8, 1, 8)]
    [InlineData(8.1, 2, 5)]
    [InlineData(0.03, 0.005, 6)]
    [InlineData(0.3, 0.05, 6)]
    [InlineData(17, 5, 4)]
    [InlineData(123456, 20000, 7)]
    public void The_scale_for_a_value(double last, double step, int steps)
    {
        ChartScale scale = ChartScale.To(last);
        Assert.Equal(step, scale.Step, 9);
        Assert.Equal(steps, scale.Steps);
    }

    [Fact]
    public void Labels_have_the_digits_that_they_need()
    {
        ChartScale scale = ChartScale.To(0.3);
        Assert.Equal(["0.00", "0.05", "0.10", "0.15", "0.20", "0.25", "0.30"], scale.Ticks.Select(scale.Label));
        scale = ChartScale.To(123456);
        Assert.Equal("20000", scale.Label(scale.Step));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void What_no_chart_can_show_is_refused(double value)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => ChartScale.To(value));
        Assert.Throws<ArgumentOutOfRangeException>(() => ChartScale.To([1, value]));
    }

    [Property(MaxTest = 1000)]
    public void It_reaches_the_value_and_wastes_less_than_a_step(uint mantissa, byte exponent)
    {
        double last = mantissa * Math.Pow(10, (exponent % 24) - 12);
        ChartScale scale = ChartScale.To(last);
        Assert.InRange(scale.Steps, 1, 8);
        Assert.InRange(last, scale.Steps == 1 ? 0 : (scale.Last - scale.Step) * (1 - 1e-6), scale.Last * (1 + 1e-6));
        Assert.Equal(scale.Steps + 1, scale.Ticks.Select(scale.Label).Distinct().Count());
    }
}
