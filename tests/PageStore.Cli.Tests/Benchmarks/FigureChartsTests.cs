using PageStore.Benchmarks;

namespace PageStore.Cli.Tests.Benchmarks;

/// <summary>What the benchmarks make of the resumes that they measured.</summary>
public sealed class FigureChartsTests
{
    private const long Small = 1L << 29;
    private const long Large = 1L << 30;

    [Fact]
    public void Each_line_goes_through_the_medians_of_its_way_from_small_to_large()
    {
        FigurePoint[] points =
        [
            Point(Large, "hybrid", 0.9), Point(Large, "hybrid", 0.1), Point(Large, "hybrid", 0.2),
            Point(Small, "hybrid", 0.05), Point(Small, "full", 3), Point(Large, "full", 5), Point(Large, "full", 7),
        ];
        LineChart chart = FigureCharts.Of(points).Single(figure => figure.Name == "memory-first-cold").Chart;
        Assert.Equal(["full", "hybrid"], chart.Series.Select(series => series.Name));
        Assert.Equal([new ChartPoint(0.5, 3), new ChartPoint(1, 6)], chart.Series[0].Points);
        Assert.Equal([new ChartPoint(0.5, 0.05), new ChartPoint(1, 0.2)], chart.Series[1].Points);
        Assert.Equal("hybrid: 0.200 (0.100 to 0.900) s", chart.Series[1].Marks[1].Text);
    }

    [Fact]
    public void Memory_and_configured_cold_and_warm_are_pictures_of_their_own()
    {
        FigurePoint[] points = [Point(Small, "full", 1), Point(Small, "full", 2) with { Cold = false }, Point(Large, "full", 3) with { ConfiguredPercent = 25 }];
        Assert.Equal(
            ["memory-first-cold", "memory-back-cold", "memory-first-warm", "memory-back-warm", "configured-first-cold", "configured-back-cold"],
            FigureCharts.Of(points).Select(figure => figure.Name));
        Assert.Equal([new ChartPoint(25, 3)], FigureCharts.Of(points)[4].Chart.Series[0].Points);
    }

    [Fact]
    public void What_most_rounds_never_reached_is_no_point_and_stands_in_the_table()
    {
        FigurePoint[] points = [Point(Small, "on-demand", 1) with { BackSeconds = 4 }, Point(Small, "on-demand", 1), Point(Small, "on-demand", 1)];
        Assert.Empty(FigureCharts.Of(points).Single(figure => figure.Name == "memory-back-cold").Chart.Series[0].Points);
        Assert.Contains(
            "| 512 MiB | as the demo | cold | on-demand | 1.000 (1.000 to 1.000) | never (4.000 to never) | 3 |", FigureCharts.Table(points));
    }

    [Fact]
    public void Nothing_gives_no_picture_and_an_empty_table()
    {
        Assert.Empty(FigureCharts.Of([]));
        Assert.Equal(2, FigureCharts.Table([]).Count);
    }

    private static FigurePoint Point(long memory, string way, double first) => new(memory, null, true, way, 5, first, null);
}
