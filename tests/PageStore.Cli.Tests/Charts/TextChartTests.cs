using FsCheck.Xunit;

namespace PageStore.Cli.Tests;

/// <summary>A chart of characters keeps to its width, and draws where the values are.</summary>
public sealed class TextChartTests
{
    private static readonly LineChart Diagonal = new("title", "seconds", "things", [new ChartSeries("a", [new(0, 0), new(8, 8)])]);

    [Fact]
    public void A_line_of_marks()
    {
        string[] lines = Lines(TextChart.Draw(Diagonal, width: 12, height: 9, dots: false));
        Assert.Equal(
            [
                "title (things)",
                "8 |         *",
                "7 |        * ",
                "6 |       *  ",
                "5 |      *   ",
                "4 |    **    ",
                "3 |   *      ",
                "2 |  *       ",
                "1 | *        ",
                "0 |*         ",
                "  +----------",
                "   0  3   6",
                "   seconds: * a",
            ],
            lines);
    }

    [Fact]
    public void A_line_of_dots()
    {
        // Twenty dots to the right and as many down, so it climbs by one each; a character is two wide and four high.
        string[] lines = Lines(TextChart.Draw(Diagonal, width: 12, height: 5, dots: true));
        Assert.Equal("8 │        ⡠⠊", lines[1]);
        Assert.Equal("0 │⡠⠊        ", lines[5]);
    }

    [Fact]
    public void Lines_are_told_apart_by_marks_and_by_number()
    {
        var chart = new LineChart("t", "x", "y", [new ChartSeries("up", [new(0, 0), new(1, 1)]), new ChartSeries("flat", [new(0, 0.5), new(1, 0.5)])]);
        IReadOnlyList<IReadOnlyList<ChartText>> lines = TextChart.Draw(chart, 40, 11, dots: false);
        ChartText[] drawn = [.. lines.Skip(1).Take(11).SelectMany(line => line).Where(piece => piece.Series is not null)];
        Assert.All(drawn, piece => Assert.Equal(piece.Series == 0 ? '*' : '+', piece.Text.Distinct().Single()));
        Assert.Equal(11, lines.Skip(1).Take(11).Count(line => line.Any(piece => piece.Series is not null)));
        Assert.Equal(["   x:", " * up", " + flat"], lines[^1].Select(piece => piece.Text.TrimStart().Length == 2 ? "   x:" : piece.Text));
    }

    [Property(MaxTest = 300)]
    public void It_keeps_to_its_width(int seed)
    {
        var random = new Random(seed);
        ChartPoint[] points = [.. Enumerable.Range(0, random.Next(30)).Select(i => new ChartPoint(i * random.NextDouble(), random.NextDouble() * Math.Pow(10, random.Next(-3, 6)))).OrderBy(point => point.X)];
        var chart = new LineChart("t", "x", "y", [new ChartSeries("s", points)]);
        int width = random.Next(24, 200);
        int height = random.Next(2, 40);
        foreach (bool dots in (bool[])[true, false])
        {
            string[] lines = Lines(TextChart.Draw(chart, width, height, dots));
            Assert.Equal(height + 4, lines.Length);
            Assert.All(lines, line => Assert.InRange(line.Length, 0, width));
            Assert.All(lines.Skip(1).Take(height), line => Assert.Equal(width, line.Length));
        }
    }

    private static string[] Lines(IReadOnlyList<IReadOnlyList<ChartText>> lines) => [.. lines.Select(line => string.Concat(line.Select(piece => piece.Text)))];
}
