using System.Globalization;
using System.Text;

namespace PageStore.Cli;

/// <summary>A piece of a line of text that belongs to one line of a chart, or to none.</summary>
/// <param name="Text">The characters.</param>
/// <param name="Series">The number of the chart's line; null for the frame.</param>
internal readonly record struct ChartText(string Text, int? Series);

/// <summary>Draws a chart with characters, for terminals.</summary>
internal static class TextChart
{
    /// <summary>What a chart without colours draws its lines with, one after the other.</summary>
    public const string Marks = "*+o#";

    /// <summary>Below it there is no room for labels and lines.</summary>
    private const int LeastPlot = 10;

    /// <summary>Between the labels of the x axis.</summary>
    private const int LabelGap = 2;

    /// <summary>Draws a chart.</summary>
    /// <param name="chart">What it shows.</param>
    /// <param name="width">How many characters a line may have.</param>
    /// <param name="height">How many lines the plot has, from 2; title, axis and legend come on top of it.</param>
    /// <param name="dots">
    /// Whether it may be drawn with Braille dots, eight to a character, which need Unicode, and colours to tell the lines apart; otherwise each line has a mark of its own, of ASCII.
    /// </param>
    /// <returns>Its lines.</returns>
    public static IReadOnlyList<IReadOnlyList<ChartText>> Draw(LineChart chart, int width, int height, bool dots)
    {
        ChartScale x = chart.XScale;
        ChartScale y = chart.YScale;
        int labels = y.Ticks.Max(tick => y.Label(tick).Length);
        int plot = Math.Max(LeastPlot, width - labels - 2);
        CharacterCanvas canvas = dots ? CharacterCanvas.OfDots(plot, height) : CharacterCanvas.OfMarks(plot, height, Marks);
        for (int i = 0; i < chart.Series.Count; i++)
        {
            Draw(canvas, chart.Series[i], i, x, y);
        }

        List<IReadOnlyList<ChartText>> lines = [[new ChartText($"{chart.Title} ({chart.YTitle})", null)]];
        for (int row = 0; row < height; row++)
        {
            lines.Add([new ChartText($"{LabelOf(row, height, y).PadLeft(labels)} {(dots ? '│' : '|')}", null), .. canvas.Row(row)]);
        }

        lines.Add([new ChartText($"{new string(' ', labels + 1)}{(dots ? '└' : '+')}{new string(dots ? '─' : '-', plot)}", null)]);
        lines.Add([new ChartText(new string(' ', labels + 2) + LabelsOf(x, plot), null)]);
        lines.Add(Legend(chart, labels + 2, dots));
        return lines;
    }

    private static void Draw(CharacterCanvas canvas, ChartSeries series, int index, ChartScale x, ChartScale y)
    {
        (int X, int Y)? last = null;
        foreach (ChartPoint point in series.UpTo(x.Last))
        {
            (int X, int Y) to = (
                (int)Math.Round(point.X / x.Last * (canvas.Width - 1)),
                (int)Math.Round((1 - (point.Y / y.Last)) * (canvas.Height - 1)));
            canvas.Line(last ?? to, to, index);
            last = to;
        }
    }

    /// <summary>The label of the tick in a row that is nearest to its middle, or nothing.</summary>
    private static string LabelOf(int row, int height, ChartScale y)
    {
        double? nearest = null;
        foreach (double tick in y.Ticks.Where(tick => (int)Math.Round(Place(tick)) == row))
        {
            nearest = nearest is { } other && Math.Abs(Place(other) - row) <= Math.Abs(Place(tick) - row) ? nearest : tick;
        }

        return nearest is { } labelled ? y.Label(labelled) : string.Empty;

        double Place(double tick) => (1 - (tick / y.Last)) * (height - 1);
    }

    /// <summary>The labels of the x axis below their places: of as many ticks as there is room for, evenly.</summary>
    private static string LabelsOf(ChartScale x, int plot)
    {
        int every = 1;
        string? labels;
        while ((labels = TryLabel(x, plot, every)) is null)
        {
            every++;
        }

        return labels;
    }

    /// <summary>The labels of every n-th tick, or null if they touch each other.</summary>
    private static string? TryLabel(ChartScale x, int plot, int every)
    {
        var line = new StringBuilder();
        foreach (double tick in x.Ticks.Where((_, number) => number % every == 0))
        {
            string label = x.Label(tick);
            int at = Math.Clamp((int)Math.Round(tick / x.Last * (plot - 1)) - (label.Length / 2), 0, Math.Max(0, plot - label.Length));
            if (line.Length > 0 && at < line.Length + LabelGap)
            {
                return null;
            }

            line.Append(' ', at - line.Length).Append(label);
        }

        return line.ToString();
    }

    private static List<ChartText> Legend(LineChart chart, int indent, bool dots)
    {
        List<ChartText> legend = [new ChartText(string.Create(CultureInfo.InvariantCulture, $"{new string(' ', indent)}{chart.XTitle}:"), null)];
        for (int i = 0; i < chart.Series.Count; i++)
        {
            legend.Add(new ChartText($" {(dots ? '━' : Marks[i % Marks.Length])} {chart.Series[i].Name}", i));
        }

        return legend;
    }
}
