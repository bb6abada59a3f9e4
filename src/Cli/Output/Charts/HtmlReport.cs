using System.Text;
using System.Xml;

namespace PageStore.Cli;

/// <summary>Something that stands in a report.</summary>
internal abstract record ReportPart;

/// <summary>A paragraph.</summary>
/// <param name="Text">Plain text.</param>
internal sealed record ReportText(string Text) : ReportPart;

/// <summary>A table. Its first column names, the others count.</summary>
/// <param name="Headings">One for each column.</param>
/// <param name="Rows">As many cells each.</param>
internal sealed record ReportTable(IReadOnlyList<string> Headings, IReadOnlyList<IReadOnlyList<string>> Rows) : ReportPart;

/// <summary>A picture.</summary>
/// <param name="Chart">What it shows.</param>
internal sealed record ReportChart(LineChart Chart) : ReportPart;

/// <summary>Writes a report as one HTML file, which needs nothing beside it and runs no script. It is well-formed XML, too.</summary>
internal static class HtmlReport
{
    /// <summary>A page that is opened from a file may load nothing, whatever text got into it.</summary>
    private const string Policy = "default-src 'none'; style-src 'unsafe-inline'";

    private const string Style = """

        :root { color-scheme: light dark; }
        body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff; }
        table { border-collapse: collapse; margin: 1rem 0; }
        th, td { padding: 0.25rem 0.75rem; text-align: right; border-bottom: 1px solid #8886; }
        th:first-child, td:first-child { text-align: left; }
        svg { width: 100%; height: auto; margin: 1rem 0; }
        @media (prefers-color-scheme: dark) { body { color: #ddd; background: #1b1b1b; } }

        """;

    /// <summary>Writes the whole file.</summary>
    /// <param name="stream">Where to; it stays open.</param>
    /// <param name="title">The heading.</param>
    /// <param name="parts">What stands below.</param>
    public static void Write(Stream stream, string title, IEnumerable<ReportPart> parts)
    {
        using XmlWriter writer = XmlWriter.Create(stream, new XmlWriterSettings
        {
            OmitXmlDeclaration = true,
            Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
            Indent = true,
            CheckCharacters = true,
        });
        writer.WriteDocType("html", null, null, null);
        writer.WriteStartElement("html");
        writer.WriteAttributeString("lang", "en");
        WriteHead(writer, title);
        writer.WriteStartElement("body");
        Element(writer, "h1", title);
        foreach (ReportPart part in parts)
        {
            Write(writer, part);
        }

        writer.WriteEndElement();
        writer.WriteEndElement();
    }

    private static void WriteHead(XmlWriter writer, string title)
    {
        writer.WriteStartElement("head");
        writer.WriteStartElement("meta");
        writer.WriteAttributeString("charset", "utf-8");
        writer.WriteEndElement();
        writer.WriteStartElement("meta");
        writer.WriteAttributeString("http-equiv", "Content-Security-Policy");
        writer.WriteAttributeString("content", Policy);
        writer.WriteEndElement();
        writer.WriteElementString("title", OneLine.Of(title));
        writer.WriteElementString("style", Style);
        writer.WriteEndElement();
    }

    private static void Write(XmlWriter writer, ReportPart part)
    {
        switch (part)
        {
            case ReportText text:
                Element(writer, "p", text.Text);
                break;
            case ReportTable table:
                WriteTable(writer, table);
                break;
            case ReportChart chart:
                SvgChart.Write(writer, chart.Chart);
                break;
        }
    }

    private static void WriteTable(XmlWriter writer, ReportTable table)
    {
        writer.WriteStartElement("table");
        WriteRow(writer, "th", table.Headings);
        foreach (IReadOnlyList<string> row in table.Rows)
        {
            WriteRow(writer, "td", row);
        }

        writer.WriteFullEndElement();
    }

    private static void WriteRow(XmlWriter writer, string kind, IReadOnlyList<string> cells)
    {
        writer.WriteStartElement("tr");
        foreach (string cell in cells)
        {
            Element(writer, kind, cell);
        }

        writer.WriteFullEndElement();
    }

    /// <summary>With an end tag of its own even if it is empty: HTML takes the short form for a mere beginning.</summary>
    private static void Element(XmlWriter writer, string name, string text)
    {
        writer.WriteStartElement(name);
        writer.WriteString(OneLine.Of(text));
        writer.WriteFullEndElement();
    }
}
