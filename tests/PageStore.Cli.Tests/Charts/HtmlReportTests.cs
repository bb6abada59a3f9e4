using System.Text;
using System.Xml.Linq;

namespace PageStore.Cli.Tests;

/// <summary>A report is one whole file that browsers and XML parsers take, loads nothing, and shows text as text.</summary>
public sealed class HtmlReportTests
{
    private const string Nasty = "<img src=x onerror=alert(1)> & \"'\u0007";

    [Fact]
    public void It_is_well_formed_and_complete()
    {
        string page = Write(
            new ReportText("words"),
            new ReportTable(["name", "figure"], [["a", "1"], ["b", string.Empty]]),
            new ReportChart(new LineChart("curve", "x", "y", [new ChartSeries("s", [new(0, 0), new(1, 1)])])));
        Assert.StartsWith("<!DOCTYPE html", page);
        XElement html = XDocument.Parse(page).Root!;
        Assert.Equal(["head", "body"], html.Elements().Select(element => element.Name.LocalName));
        Assert.Equal(["h1", "p", "table", "svg"], html.Element("body")!.Elements().Select(element => element.Name.LocalName));
        Assert.Equal(["name", "figure", "a", "1", "b", string.Empty], html.Descendants("tr").Elements().Select(cell => cell.Value));
    }

    [Fact]
    public void It_loads_and_runs_nothing()
    {
        string page = Write(new ReportText(Nasty), new ReportTable([Nasty], [[Nasty]]), new ReportChart(new LineChart(Nasty, Nasty, Nasty, [new ChartSeries(Nasty, [])])));
        XElement html = XDocument.Parse(page).Root!;
        Assert.DoesNotContain(html.Descendants(), element => element.Name.LocalName is "script" or "img" or "link" or "iframe");
        Assert.DoesNotContain(html.DescendantsAndSelf().Attributes(), attribute => attribute.Name.LocalName is "src" or "href" or "onerror");
        Assert.Contains("default-src 'none'", page);
        Assert.Equal(OneLine.Of(Nasty), html.Descendants("p").Single().Value);
    }

    [Fact]
    public void Only_elements_that_html_has_without_an_end_are_written_without_one()
    {
        string page = Write(new ReportText(string.Empty), new ReportTable([string.Empty], []), new ReportTable([], [[]]));
        string body = page[page.IndexOf("<body>", StringComparison.Ordinal)..];
        Assert.DoesNotContain("/>", body);
    }

    private static string Write(params ReportPart[] parts)
    {
        using var stream = new MemoryStream();
        HtmlReport.Write(stream, "heading", parts);
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
