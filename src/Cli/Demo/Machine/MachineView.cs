using System.Globalization;

namespace PageStore.Cli;

/// <summary>The demo's results as people read them: in a table and in curves.</summary>
internal static class MachineView
{
    /// <summary>How far the points of the speed's curve are apart, in seconds: a fifth of the window that each is the speed of.</summary>
    private const double SpeedStep = 0.05;

    /// <summary>The heads of <see cref="RowOf"/>.</summary>
    public static IReadOnlyList<string> Headings { get; } =
    [
        "way", "pages read before", "ready, s", "first progress, s", "back at 90 %, s", "faults", "read from the medium", "whole, s", "fault served in, us (median / 99 %)", "own check, s",
    ];

    /// <summary>The heads of as many columns of <see cref="RowOf"/> as fit a terminal of 80.</summary>
    public static IReadOnlyList<string> ShortHeadings { get; } = ["way", "loaded", "ready, s", "progress, s", "90 % at, s", "faults", "read"];

    /// <summary>One way as a row.</summary>
    public static IReadOnlyList<string> RowOf(MachineWay way) =>
    [
        way.Way,
        way.PagesBefore.ToString(CultureInfo.InvariantCulture),
        Seconds(way.ReadySeconds),
        Seconds(way.FirstProgressSeconds),
        Seconds(way.BackSeconds),
        way.Faults.ToString(CultureInfo.InvariantCulture),
        way.BytesRead is { } bytes ? ByteSize.Format(bytes) : "unknown",
        Seconds(way.WholeSeconds),
        way is { MedianServiceUs: { } median, Percentile99ServiceUs: { } most } ? string.Create(CultureInfo.InvariantCulture, $"{median:F0} / {most:F0}") : string.Empty,
        way.CheckSeconds is null ? string.Empty : Seconds(way.CheckSeconds),
    ];

    /// <summary>What the guest did, counted from the epoch.</summary>
    public static LineChart Progress(MachineDemoResult result) =>
        new("Guest progress after the resume", "seconds since the resume began", "million operations", [.. result.Ways.Select(ProgressOf)]);

    /// <summary>The same up to twice the last first progress; null if that is nearly all.</summary>
    public static LineChart? Beginning(MachineDemoResult result)
    {
        LineChart whole = Progress(result);
        double end = 2 * result.Ways.Max(way => way.FirstProgressSeconds ?? 0);
        return end > 0 && end < whole.XScale.Last / 2 ? whole with { Title = "The beginning of it", LastX = end } : null;
    }

    /// <summary>How fast it was, in windows that end where a point is: no point knows what comes after it.</summary>
    public static LineChart Speed(MachineDemoResult result) =>
        new("Guest speed after the resume", "seconds since the resume began", "% of full speed", [.. result.Ways.Select(way => SpeedOf(way, result.FullSpeed))]);

    /// <summary>How often it had waited for a page.</summary>
    public static LineChart Faults(MachineDemoResult result) =>
        new("Pages that the guest waited for", "seconds since the resume began", "thousand faults", [.. result.Ways.Select(FaultsOf)]);

    private static ChartSeries FaultsOf(MachineWay way) => new(way.Way, [.. way.FaultSamples.Select(sample => new ChartPoint(sample.Seconds, sample.Faults / 1e3))]);

    private static string Seconds(double? seconds) => seconds is { } known ? known.ToString("F3", CultureInfo.InvariantCulture) : "never";

    private static ChartSeries ProgressOf(MachineWay way)
    {
        long before = way.Samples[0].Operations;
        var curve = new ProgressCurve(way.Samples);
        List<ChartMark> marks = [];
        Mark("first progress", way.FirstProgressSeconds);
        Mark("back at 90 % of full speed", way.BackSeconds);
        return new ChartSeries(way.Way, [new ChartPoint(0, 0), .. way.Samples.Select(sample => Point(sample.Seconds, sample.Operations - before))]) { Marks = marks };

        void Mark(string what, double? seconds)
        {
            if (seconds is { } at)
            {
                marks.Add(new ChartMark(Point(at, curve.OperationsAt(at)), string.Create(CultureInfo.InvariantCulture, $"{way.Way}: {what} at {at:F3} s")));
            }
        }

        static ChartPoint Point(double seconds, double operations) => new(seconds, operations / 1e6);
    }

    private static ChartSeries SpeedOf(MachineWay way, double fullSpeed)
    {
        var curve = new ProgressCurve(way.Samples);
        double window = ProgressCurve.Window.TotalSeconds;
        int steps = (int)(way.Samples[^1].Seconds / SpeedStep);
        return new ChartSeries(way.Way, [.. Enumerable.Range(0, steps + 1).Select(step => step * SpeedStep).Select(Point)]);

        ChartPoint Point(double end) =>
            new(end, fullSpeed > 0 ? 100 * (curve.OperationsAt(end) - curve.OperationsAt(end - window)) / window / fullSpeed : 0);
    }
}
