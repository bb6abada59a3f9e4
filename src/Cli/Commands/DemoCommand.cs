using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace PageStore.Cli;

/// <summary><c>pagestore demo</c>: the whole way, on a real workload.</summary>
internal static class DemoCommand
{
    public const string Name = "demo";

    /// <summary>Below it the store would have too few pages to show anything.</summary>
    private const long MinMemory = 16 << 20;

    public static Command Create(ToolConsole console)
    {
        var memory = new Option<string>("--memory") { Description = "The guest's memory, at least 16MiB.", DefaultValueFactory = _ => "1GiB" };
        memory.Validators.Add(result =>
        {
            if (ByteSize.TryParse(result.GetValueOrDefault<string>()) is not >= MinMemory)
            {
                result.AddError("--memory takes a size from 16MiB up, for instance 1GiB.");
            }
        });
        var epochs = new Option<int>("--epochs") { Description = "How many epochs are taken.", DefaultValueFactory = _ => 10 };
        epochs.Validators.Add(result =>
        {
            // By the word itself: asking for the number throws where it is none.
            if (result.Tokens.Count > 0 && !(int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0))
            {
                result.AddError("--epochs takes a number from 1 up.");
            }
        });
        Option<bool> json = CommonOptions.Json();
        var command = new Command(Name, "Take epochs of a working guest, abandon it, and bring it back in a new process.") { memory, epochs, json };
        command.SetAction((parsed, cancellation) => Task.Run(() => Run(
            console, ByteSize.TryParse(parsed.GetRequiredValue(memory)) ?? MinMemory, parsed.GetValue(epochs), parsed.GetValue(json), cancellation)));
        return command;
    }

    private static int Run(ToolConsole console, long memory, int epochs, bool json, CancellationToken cancellation)
    {
        memory -= memory % PageSizes.Default;
        if (!json)
        {
            console.Out.WriteLine($"a store works in {ByteSize.Format(memory)} of memory; an epoch is taken every 250 ms");
        }

        DemoResult result = DemoRunner.Run(memory, epochs, _ => { }, cancellation);
        if (json)
        {
            console.Out.WriteLine(JsonSerializer.Serialize(result, ResultJson.Default.DemoResult));
            return ExitCode.Ok;
        }

        console.Show(TableOf(result));
        DemoRestored restored = result.Restored;
        console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            allocated {ByteSize.Format(result.MemoryBytes)}, configured {ByteSize.Format(result.ConfiguredBytes)}
            {result.Epochs.Count} epochs take {ByteSize.Format(result.FileBytes)}; as raw images they would take {ByteSize.Format(result.MemoryBytes * result.Epochs.Count)}
            the guest was abandoned; a new process restored epoch {restored.Epoch} ({restored.PagesRestored} pages) in {restored.RestoreSeconds:F2} s,
            found all {restored.RecordsChecked} records and {restored.Writes} writes right, did {restored.OperationsAfter} operations more, and found them right again
            """));
        return ExitCode.Ok;
    }

    private static Table TableOf(DemoResult result)
    {
        Table table = new Table().Border(TableBorder.Simple);
        foreach (string heading in (string[])["epoch", "W, pages", "R, pages", "pause, ms", "added", "of a raw image", "time, s"])
        {
            table.AddColumn(new TableColumn(heading).RightAligned().NoWrap());
        }

        foreach (DemoEpoch row in result.Epochs)
        {
            table.AddRow(
                row.Epoch.ToString(CultureInfo.InvariantCulture),
                row.Written.ToString(CultureInfo.InvariantCulture),
                row.Read.ToString(CultureInfo.InvariantCulture),
                row.PauseMs.ToString("F1", CultureInfo.InvariantCulture),
                ByteSize.Format(row.Bytes),
                (100.0 * row.Bytes / result.MemoryBytes).ToString("F2", CultureInfo.InvariantCulture) + " %",
                row.Seconds.ToString("F3", CultureInfo.InvariantCulture));
        }

        return table;
    }
}
