using System.Globalization;
using System.Xml;
using System.Xml.Linq;

namespace PageStore.Cli.Tests;

/// <summary>A picture is well-formed, and its lines go where their values are.</summary>
public sealed class SvgChartTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [Fact]
    public void Lines_go_through_the_places_of_their_points()
    {
        XElement svg = Draw(Chart([new(0, 0), new(5, 2), new(10, 4)]));
        XElement line = Assert.Single(svg.Elements(Svg + "polyline"));

        // From the lower left corner of the plot through its middle to the upper right one.
        Assert.Equal(
            [(SvgChart.Left, SvgChart.Bottom), ((SvgChart.Left + SvgChart.Right) / 2.0, (SvgChart.Top + SvgChart.Bottom) / 2.0), (SvgChart.Right, SvgChart.Top)],
            PointsOf(line));
    }

    [Fact]
    public void A_line_is_cut_where_the_axis_ends()
    {
        XElement svg = Draw(Chart([new(0, 0), new(10, 4), new(20, 8)]) with { LastX = 5 });
        Assert.Equal([(SvgChart.Left, SvgChart.Bottom), (SvgChart.Right, SvgChart.Top)], PointsOf(Assert.Single(svg.Elements(Svg + "polyline"))));
    }

    [Fact]
    public void Axes_have_their_labels_and_marks_their_words()
    {
        var series = new ChartSeries("a", [new(0, 0), new(10, 4)]) { Marks = [new ChartMark(new ChartPoint(5, 2), "here")] };
        XElement svg = Draw(new LineChart("title", "right", "up", [series]));
        string[] texts = [.. svg.Elements(Svg + "text").Select(text => text.Value)];
        Assert.Subset(texts.ToHashSet(), new HashSet<string>(["title", "right", "up", "a", "0", "2", "4", "6", "8", "10", "0.0", "0.5", "4.0"]));
        XElement mark = Assert.Single(svg.Elements(Svg + "circle"));
        Assert.Equal("here", mark.Element(Svg + "title")!.Value);
        Assert.Equal((SvgChart.Left + SvgChart.Right) / 2.0, Number(mark.Attribute("cx")!.Value));
        Assert.Equal((SvgChart.Top + SvgChart.Bottom) / 2.0, Number(mark.Attribute("cy")!.Value));
    }

    [Fact]
    public void Points_that_no_eye_tells_apart_are_left_out_and_the_last_is_not()
    {
        XElement svg = Draw(Chart([.. Enumerable.Range(0, 100_001).Select(i => new ChartPoint(i / 10_000.0, i / 25_000.0))]));
        (double X, double Y)[] points = PointsOf(Assert.Single(svg.Elements(Svg + "polyline")));
        Assert.InRange(points.Length, 500, 2000);
        Assert.Equal((SvgChart.Right, SvgChart.Top), points[^1]);
    }

    [Theory]
    [InlineData("<script>alert(1)</script> & \"more\"")]
    [InlineData("line\nline\u0001\u2028line")]
    public void Any_text_stays_text(string text)
    {
        XElement svg = Draw(new LineChart(text, text, text, [new ChartSeries(text, [new(0, 1)]) { Marks = [new ChartMark(new ChartPoint(0, 1), text)] }]));
        Assert.DoesNotContain(svg.Descendants(), element => element.Name.LocalName == "script");
        Assert.Contains(OneLine.Of(text), svg.Elements(Svg + "text").Select(element => element.Value));
    }

    [Fact]
    public void Nothing_is_a_chart_too()
    {
        Assert.Empty(PointsOf(Assert.Single(Draw(Chart([])).Elements(Svg + "polyline"))));
        Assert.Empty(Draw(new LineChart("t", "x", "y", [])).Elements(Svg + "polyline"));
    }

    private static LineChart Chart(IReadOnlyList<ChartPoint> points) => new("title", "x", "y", [new ChartSeries("line", points)]);

    private static XElement Draw(LineChart chart)
    {
        var text = new StringWriter();
        using (XmlWriter writer = XmlWriter.Create(text))
        {
            SvgChart.Write(writer, chart);
        }

        return XDocument.Parse(text.ToString()).Root!;
    }

    private static (double X, double Y)[] PointsOf(XElement line) =>
        [.. line.Attribute("points")!.Value.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(point => point.Split(',')).Select(pair => (Number(pair[0]), Number(pair[1])))];

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
