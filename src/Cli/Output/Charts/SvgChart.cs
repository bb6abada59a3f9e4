using System.Globalization;
using System.Xml;

namespace PageStore.Cli;

/// <summary>
/// Writes a chart as a picture (SVG 1.1), light or dark as the reader's system is. It needs nothing beside it, and has no script. Lines differ by their dashes too, for whoever does not
/// see or print colours.
/// </summary>
internal static class SvgChart
{
    /// <summary>The size of the picture, in its own units; a page scales it.</summary>
    public const int Width = 760;

    /// <inheritdoc cref="Width"/>
    public const int Height = 400;

    /// <summary>Where the lines are: from (Left, Top) to (Right, Bottom).</summary>
    public const int Left = 70;

    /// <inheritdoc cref="Left"/>
    public const int Top = 64;

    /// <inheritdoc cref="Left"/>
    public const int Right = Width - 20;

    /// <inheritdoc cref="Left"/>
    public const int Bottom = Height - 52;

    private const string Namespace = "http://www.w3.org/2000/svg";

    private const int LegendWidth = 150;

    // Colours by Okabe and Ito ("Color Universal Design", 2008), which most colour-blind people can tell apart.
    private const string Style = """

        .chart { font: 13px system-ui, sans-serif; color: #222; }
        .chart text { fill: currentColor; }
        .chart .title { font-size: 15px; font-weight: 600; }
        .chart .grid { stroke: currentColor; stroke-opacity: 0.15; }
        .chart .axis { stroke: currentColor; }
        .chart .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
        .chart .mark { stroke-width: 2; fill: #fff; }
        .chart .s0 { stroke: #0072b2; }
        .chart .s1 { stroke: #d55e00; stroke-dasharray: 7 3; }
        .chart .s2 { stroke: #009e73; stroke-dasharray: 2 3; }
        .chart .s3 { stroke: #cc79a7; stroke-dasharray: 9 3 2 3; }
        .chart .mark { stroke-dasharray: none; }
        @media (prefers-color-scheme: dark) {
            .chart { color: #ddd; }
            .chart .mark { fill: #1b1b1b; }
            .chart .s0 { stroke: #56b4e9; }
            .chart .s1 { stroke: #e69f00; }
            .chart .s2 { stroke: #2fd6a5; }
        }

        """;

    /// <summary>Beyond so many lines a style would come twice.</summary>
    private const int Styles = 4;

    /// <summary>Writes the element.</summary>
    public static void Write(XmlWriter writer, LineChart chart)
    {
        ChartScale x = chart.XScale;
        ChartScale y = chart.YScale;
        writer.WriteStartElement("svg", Namespace);
        Attributes(writer, ("viewBox", $"0 0 {Width} {Height}"), ("class", "chart"), ("role", "img"), ("aria-label", OneLine.Of(chart.Title)));
        writer.WriteElementString("style", Namespace, Style);
        Text(writer, chart.Title, Left, 20, "start", "title");
        WriteAxes(writer, chart, x, y);
        for (int i = 0; i < chart.Series.Count; i++)
        {
            WriteSeries(writer, chart.Series[i], i, x, y);
        }

        writer.WriteEndElement();
    }

    /// <summary>Where a value is in the picture.</summary>
    public static (double X, double Y) Place(ChartPoint point, ChartScale x, ChartScale y) =>
        (Left + ((Right - Left) * (point.X / x.Last)), Bottom - ((Bottom - Top) * (point.Y / y.Last)));

    private static void WriteAxes(XmlWriter writer, LineChart chart, ChartScale x, ChartScale y)
    {
        foreach (double tick in x.Ticks)
        {
            (double at, _) = Place(new ChartPoint(tick, 0), x, y);
            Line(writer, at, Top, at, Bottom, "grid");
            Text(writer, x.Label(tick), at, Bottom + 18, "middle");
        }

        foreach (double tick in y.Ticks)
        {
            (_, double at) = Place(new ChartPoint(0, tick), x, y);
            Line(writer, Left, at, Right, at, "grid");
            Text(writer, y.Label(tick), Left - 8, at + 4, "end");
        }

        Line(writer, Left, Bottom, Right, Bottom, "axis");
        Line(writer, Left, Top, Left, Bottom, "axis");
        Text(writer, chart.XTitle, (Left + Right) / 2.0, Height - 12, "middle");
        writer.WriteStartElement("text", Namespace);
        Attributes(writer, ("transform", $"translate(18 {Number((Top + Bottom) / 2.0)}) rotate(-90)"), ("text-anchor", "middle"));
        writer.WriteString(OneLine.Of(chart.YTitle));
        writer.WriteEndElement();
    }

    private static void WriteSeries(XmlWriter writer, ChartSeries series, int index, ChartScale x, ChartScale y)
    {
        string style = $"s{index % Styles}";
        double legend = Left + (index * LegendWidth);
        Line(writer, legend, 42, legend + 28, 42, $"line {style}");
        Text(writer, series.Name, legend + 36, 46, "start");
        writer.WriteStartElement("polyline", Namespace);
        Attributes(writer, ("class", $"line {style}"), ("points", string.Join(' ', Corners(series, x, y).Select(corner => $"{Number(corner.X)},{Number(corner.Y)}"))));
        writer.WriteEndElement();
        foreach (ChartMark mark in series.Marks.Where(mark => mark.Point.X <= x.Last && mark.Point.Y <= y.Last))
        {
            (double left, double top) = Place(mark.Point, x, y);
            writer.WriteStartElement("circle", Namespace);
            Attributes(writer, ("class", $"mark {style}"), ("cx", Number(left)), ("cy", Number(top)), ("r", "4.5"));
            writer.WriteElementString("title", Namespace, OneLine.Of(mark.Text));
            writer.WriteEndElement();
        }
    }

    /// <summary>The places of a line, without those that no eye tells from the one before.</summary>
    private static IEnumerable<(double X, double Y)> Corners(ChartSeries series, ChartScale x, ChartScale y)
    {
        const double visible = 0.5;
        (double X, double Y)? last = null;
        (double X, double Y)? left = null;
        foreach (ChartPoint point in series.UpTo(x.Last))
        {
            (double X, double Y) place = Place(point, x, y);
            left = null;
            if (last is { } before && Math.Abs(place.X - before.X) < visible && Math.Abs(place.Y - before.Y) < visible)
            {
                left = place;
                continue;
            }

            yield return place;
            last = place;
        }

        if (left is { } end)
        {
            yield return end;
        }
    }

    private static void Line(XmlWriter writer, double x1, double y1, double x2, double y2, string style)
    {
        writer.WriteStartElement("line", Namespace);
        Attributes(writer, ("class", style), ("x1", Number(x1)), ("y1", Number(y1)), ("x2", Number(x2)), ("y2", Number(y2)));
        writer.WriteEndElement();
    }

    private static void Text(XmlWriter writer, string text, double x, double y, string anchor, string? style = null)
    {
        writer.WriteStartElement("text", Namespace);
        Attributes(writer, ("x", Number(x)), ("y", Number(y)), ("text-anchor", anchor));
        if (style is not null)
        {
            writer.WriteAttributeString("class", style);
        }

        writer.WriteString(OneLine.Of(text));
        writer.WriteEndElement();
    }

    private static void Attributes(XmlWriter writer, params ReadOnlySpan<(string Name, string Value)> attributes)
    {
        foreach ((string name, string value) in attributes)
        {
            writer.WriteAttributeString(name, value);
        }
    }

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
