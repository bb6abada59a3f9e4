using System.Globalization;
using PageStore.Cli;

namespace PageStore.Benchmarks;

/// <summary>Makes pictures and a table of points: medians over the rounds, against the memory and against what of it is configured.</summary>
internal static class FigureCharts
{
    private const double Gibibyte = 1L << 30;

    private static readonly Measure First = new("first", "First progress", point => point.FirstProgressSeconds);

    private static readonly Measure Back = new("back", "Back at 90 % of full speed", point => point.BackSeconds);

    /// <summary>The pictures that the points give, each with the name of its file without an ending.</summary>
    public static IReadOnlyList<(string Name, LineChart Chart)> Of(IReadOnlyList<FigurePoint> points) =>
    [
        .. from against in new[] { false, true }
           from cold in new[] { true, false }
           from measure in new[] { First, Back }
           let some = points.Where(point => point.ConfiguredPercent is not null == against && point.Cold == cold).ToList()
           where some.Count > 0
           select ($"{(against ? "configured" : "memory")}-{measure.Name}-{(cold ? "cold" : "warm")}", ChartOf(some, against, cold, measure)),
    ];

    /// <summary>The table of all points in Markdown, a line each.</summary>
    public static IReadOnlyList<string> Table(IReadOnlyList<FigurePoint> points) =>
    [
        "| memory | configured | file | way | first progress, s | back at 90 %, s | rounds |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        .. points
            .GroupBy(point => (point.MemoryBytes, point.ConfiguredPercent, point.Cold, point.Way))
            .OrderBy(group => group.Key.ConfiguredPercent is not null)
            .ThenBy(group => group.Key.MemoryBytes)
            .ThenBy(group => group.Key.ConfiguredPercent)
            .ThenByDescending(group => group.Key.Cold)
            .ThenBy(group => OrderOf(group.Key.Way))
            .Select(group => string.Create(CultureInfo.InvariantCulture,
                $"| {ByteSize.Format(group.Key.MemoryBytes)} | {(group.Key.ConfiguredPercent is { } percent ? $"{percent} %" : "as the demo")} | {(group.Key.Cold ? "cold" : "warm")} | {group.Key.Way} | {Cell(group, First)} | {Cell(group, Back)} | {group.Count()} |")),
    ];

    private static LineChart ChartOf(List<FigurePoint> points, bool againstConfigured, bool cold, Measure measure) => new(
        $"{measure.Title}, {(cold ? "nothing of the file in the page cache" : "all of the file in the page cache")}",
        againstConfigured ? $"% of {ByteSize.Format(points[0].MemoryBytes)} configured" : "GiB of memory",
        "seconds since the resume began",
        [.. points.GroupBy(point => point.Way).OrderBy(way => OrderOf(way.Key)).Select(way => SeriesOf(way, againstConfigured, measure))]);

    /// <summary>Where most rounds never came to it there is no point, and the line ends or has a gap that it crosses.</summary>
    private static ChartSeries SeriesOf(IGrouping<string, FigurePoint> way, bool againstConfigured, Measure measure)
    {
        ChartMark[] marks =
        [
            .. from @group in way.GroupBy(point => againstConfigured ? point.ConfiguredPercent!.Value : point.MemoryBytes / Gibibyte)
               orderby @group.Key
               let spread = measure.SpreadOf(@group)
               where double.IsFinite(spread.Median)
               select new ChartMark(new ChartPoint(@group.Key, spread.Median), $"{way.Key}: {Cell(@group, measure)} s"),
        ];
        return new ChartSeries(way.Key, [.. marks.Select(mark => mark.Point)]) { Marks = marks };
    }

    private static string Cell(IEnumerable<FigurePoint> group, Measure measure)
    {
        Spread spread = measure.SpreadOf(group);
        return $"{Value(spread.Median)} ({Value(spread.Least)} to {Value(spread.Most)})";

        static string Value(double seconds) => double.IsFinite(seconds) ? seconds.ToString("F3", CultureInfo.InvariantCulture) : "never";
    }

    private static int OrderOf(string way) => ResumeWay.All.TakeWhile(known => known.Name != way).Count();

    private sealed record Measure(string Name, string Title, Func<FigurePoint, double?> Of)
    {
        public Spread SpreadOf(IEnumerable<FigurePoint> points) => Spread.Of(points.Select(point => Of(point) ?? double.PositiveInfinity));
    }
}
