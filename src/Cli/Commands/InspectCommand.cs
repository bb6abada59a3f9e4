using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using PageStore.Checkpoint;
using Spectre.Console;

namespace PageStore.Cli;

/// <summary><c>pagestore inspect</c>: what a checkpoint file holds.</summary>
internal static class InspectCommand
{
    public static Command Create(ToolConsole console)
    {
        Argument<string> file = CommonOptions.File();
        Option<bool> json = CommonOptions.Json();
        var command = new Command("inspect", "Show a checkpoint file and its epochs.") { file, json };
        command.SetAction(parsed => Run(console, parsed.GetRequiredValue(file), parsed.GetValue(json)));
        return command;
    }

    private static int Run(ToolConsole console, string file, bool json)
    {
        using CheckpointReader reader = CheckpointFiles.OpenReader(file);
        EpochInfo[] epochs = [.. reader.Epochs()];
        long pageCount = epochs.Length == 0 ? 0 : epochs[^1].PageCount;
        if (json)
        {
            var result = new InspectResult(reader.FormatVersion, reader.PageSize, pageCount, reader.FileBytes, [.. epochs.Select(InspectEpoch.Of)]);
            console.Out.WriteLine(JsonSerializer.Serialize(result, ResultJson.Default.InspectResult));
        }
        else
        {
            console.Out.WriteLine($"format version {reader.FormatVersion}, pages of {reader.PageSize} bytes, {pageCount} pages, file of {ByteSize.Format(reader.FileBytes)}, {epochs.Length} epochs");
            console.Show(TableOf(epochs));
        }

        return ExitCode.Ok;
    }

    private static Table TableOf(EpochInfo[] epochs)
    {
        Table table = new Table().Border(TableBorder.Simple);
        foreach (string heading in (string[])["epoch", "parent", "time", "written", "read", "zero", "absent", "configured", "added", "consistency", "label"])
        {
            table.AddColumn(new TableColumn(heading).NoWrap());
        }

        foreach (EpochInfo epoch in epochs)
        {
            table.AddRow(
                epoch.Id.ToString(),
                epoch.Parent?.ToString() ?? "-",
                epoch.Time.ToString("yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture),
                Count(epoch.PagesWritten),
                epoch.PagesRead is { } read ? Count(read) : "-",
                Count(epoch.PagesZero),
                Count(epoch.PagesAbsent),
                Count(epoch.PagesConfigured),
                ByteSize.Format(epoch.Bytes),
                epoch.Consistency.ToString().ToLowerInvariant(),
                Markup.Escape(epoch.Label ?? string.Empty));
        }

        return table;
    }

    private static string Count(long pages) => pages.ToString(CultureInfo.InvariantCulture);
}
