using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace PageStore.Cli;

/// <summary><c>pagestore clone</c>: many machines from one epoch, in little more memory than one.</summary>
internal static class CloneCommand
{
    public const string Name = "clone";

    private const int DefaultCount = 4;

    private const int DefaultSeconds = 2;

    /// <summary>Above that a host runs out of processes before it runs out of memory.</summary>
    private const int MostClones = 10_000;

    public static Command Create(ToolConsole console)
    {
        var source = new Argument<string>("FILE[@EPOCH]") { Description = "The checkpoint file of a machine, as demo --keep leaves it, and the epoch; without a number the newest from which it can run." };
        Option<int?> count = CommonOptions.Number("--count", $"How many clones; {DefaultCount} unless said otherwise.", 1, MostClones);
        Option<int?> seconds = CommonOptions.Number("--seconds", $"How long all of them run at once; {DefaultSeconds} unless said otherwise.", 0, 3600);
        Option<bool> json = CommonOptions.Json();
        var command = new Command(Name, "Run many machines from one epoch: they share its memory until they write.") { source, count, seconds, json };
        var access = AccessOptions.AddTo(command, withStore: true);
        command.SetAction((parsed, cancellation) => Task.Run(() =>
        {
            using CheckpointAccess given = access.Read(parsed);
            var request = new CloneRequest(
                EpochReference.Parse(parsed.GetRequiredValue(source)), parsed.GetValue(count) ?? DefaultCount, TimeSpan.FromSeconds(parsed.GetValue(seconds) ?? DefaultSeconds));
            bool asJson = parsed.GetValue(json);
            CloneResult result = new CloneRun(request, asJson ? _ => { } : console.Out.WriteLine, cancellation).Run(given);
            if (asJson)
            {
                console.Out.WriteLine(JsonSerializer.Serialize(result, ResultJson.Default.CloneResult));
            }
            else
            {
                Show(console, result);
            }

            return ExitCode.Ok;
        }));
        return command;
    }

    private static void Show(ToolConsole console, CloneResult result)
    {
        Table table = new Table().Border(TableBorder.Simple);
        foreach (string heading in (string[])["clone", "ready, ms", "first progress, ms", "own pages", "PSS of its memory", "PSS of its process", "check, s"])
        {
            table.AddColumn(new TableColumn(heading).RightAligned().NoWrap());
        }

        for (int i = 0; i < result.Clones.Count; i++)
        {
            table.AddRow(RowOf(i + 1, result.Clones[i]));
        }

        console.Show(table);
        (CloneLine first, CloneLine last) = (result.Clones[0], result.Clones[^1]);
        console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            epoch {result.Epoch}, {ByteSize.Format(result.MemoryBytes)} of memory, read in {result.FillSeconds:F2} s; the first clone was ready in {first.StartMs:F1} ms, the last in {last.StartMs:F1} ms
            the base takes {ByteSize.Format(result.BaseBytes)}, the clones wrote {ByteSize.Format(result.OwnBytes)}; by the kernel's account all take {ByteSize.Format(result.TotalPss)}, {result.Ratio:F3} times that
            each clone looked through all of its memory and found it right
            """));
    }

    private static string[] RowOf(int number, CloneLine clone) =>
    [
        number.ToString(CultureInfo.InvariantCulture),
        clone.StartMs.ToString("F1", CultureInfo.InvariantCulture),
        clone.FirstProgressMs.ToString("F1", CultureInfo.InvariantCulture),
        clone.OwnPages.ToString(CultureInfo.InvariantCulture),
        ByteSize.Format(clone.GuestPss),
        ByteSize.Format(clone.ProcessPss),
        clone.CheckSeconds.ToString("F2", CultureInfo.InvariantCulture),
    ];
}
