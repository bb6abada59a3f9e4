using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace PageStore.Cli;

/// <summary><c>pagestore demo</c>: the whole way, on a real workload.</summary>
internal static class DemoCommand
{
    public const string Name = "demo";

    /// <summary>Ten epochs are two and a half seconds of a guest's life, in which it turns to other work twice.</summary>
    private const int DefaultEpochs = 10;

    /// <summary>Long enough for a guest of a GiB to have met all that it works on, on a common disk.</summary>
    private const int DefaultSeconds = 8;

    private sealed record Request(long Memory, int Epochs, int Seconds, string? Report, string? Keep, bool Json);

    public static Command Create(ToolConsole console)
    {
        var memory = new Option<string>("--memory") { Description = "The guest's memory, at least 16MiB.", DefaultValueFactory = _ => "1GiB" };
        memory.Validators.Add(result =>
        {
            if (ByteSize.TryParse(result.GetValueOrDefault<string>()) is not >= DemoWorkload.LeastMemory)
            {
                result.AddError("--memory takes a size from 16MiB up, for instance 1GiB.");
            }
        });
        Option<int?> epochs = CommonOptions.Number("--epochs", $"How many epochs are taken before the guest is killed; {DefaultEpochs} unless said otherwise.", 1);
        Option<int?> seconds = CommonOptions.Number("--seconds", $"How long the guest is followed each time it is back; {DefaultSeconds} unless said otherwise.", 1, 3600);
        var report = new Option<string?>("--report") { Description = "Write the curves into this HTML file.", HelpName = "FILE.html" };
        var keep = new Option<string?>("--keep") { Description = "Keep the machine's checkpoint file, for pagestore clone among others.", HelpName = "FILE" };
        keep.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } path && File.Exists(path))
            {
                result.AddError($"--keep writes over no file, and {path} is there.");
            }
        });
        Option<bool> json = CommonOptions.Json();
        var command = new Command(Name, "Take epochs of a working guest, kill it, and bring it back in new processes.") { memory, epochs, seconds, report, keep, json };
        command.SetAction((parsed, cancellation) => Task.Run(() => Run(
            console,
            new Request(
                ByteSize.TryParse(parsed.GetRequiredValue(memory)) ?? DemoWorkload.LeastMemory,
                parsed.GetValue(epochs) ?? DefaultEpochs,
                parsed.GetValue(seconds) ?? DefaultSeconds,
                parsed.GetValue(report),
                parsed.GetValue(keep),
                parsed.GetValue(json)),
            cancellation)));
        return command;
    }

    private static int Run(ToolConsole console, Request request, CancellationToken cancellation)
    {
        long memory = request.Memory - (request.Memory % PageSizes.Default);
        if (request.Report is { } report)
        {
            DemoReport.CheckPlace(report);
        }

        Action<string> say = request.Json ? _ => { } : console.Out.WriteLine;
        if (MachineDemo.Missing() is { } missing)
        {
            if (request.Keep is not null)
            {
                throw new UnsupportedException($"There is no machine whose checkpoint file could be kept: {missing}") { IsMissingOnHost = true };
            }

            say($"no virtual machine here: {missing}");
            RunStore(console, request with { Memory = memory }, missing, say, cancellation);
        }
        else
        {
            RunMachine(console, request with { Memory = memory }, say, cancellation);
        }

        return ExitCode.Ok;
    }

    private static void RunMachine(ToolConsole console, Request request, Action<string> say, CancellationToken cancellation)
    {
        string? missing = MachineDemo.MissingForLazy();
        if (missing is not null)
        {
            say($"the guest is brought back in full only: {missing}");
        }

        IReadOnlyList<ResumeWay> ways = missing is null ? ResumeWay.All : [ResumeWay.Full];
        MachineDemoResult result = new MachineDemo(new MachineDemoRequest(request.Memory, request.Epochs, request.Seconds, ways) { KeepFile = request.Keep }, say, cancellation).Run();
        if (request.Report is { } report)
        {
            DemoReport.Write(report, result);
        }

        if (request.Json)
        {
            console.Out.WriteLine(JsonSerializer.Serialize(result, ResultJson.Default.MachineDemoResult));
            return;
        }

        console.Show(EpochTable(result.Epochs, result.MemoryBytes));
        console.Show(TableOf(MachineView.ShortHeadings, result.Ways.Select(way => MachineView.RowOf(way).Take(MachineView.ShortHeadings.Count))));
        console.Show(MachineView.Progress(result));
        console.Out.WriteLine();
        console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            allocated {ByteSize.Format(result.MemoryBytes)}, configured {ByteSize.Format(result.ConfiguredBytes)}, working set {ByteSize.Format(result.WorkingBytes)}; full speed {result.FullSpeed / 1e6:F2} million operations a second
            the guest was killed, and came back from epoch {result.Resumed}; each time it looked through all of its memory and found it right
            """));
        SayWhere(request.Report, say);
    }

    private static void RunStore(ToolConsole console, Request request, string missing, Action<string> say, CancellationToken cancellation)
    {
        say($"a store works in {ByteSize.Format(request.Memory)} of memory; an epoch is taken every {DemoEpoch.Interval.TotalMilliseconds} ms");
        StoreDemoResult result = StoreDemo.Run(missing, request.Memory, request.Epochs, cancellation);
        if (request.Report is { } report)
        {
            DemoReport.Write(report, result);
        }

        if (request.Json)
        {
            console.Out.WriteLine(JsonSerializer.Serialize(result, ResultJson.Default.StoreDemoResult));
            return;
        }

        console.Show(EpochTable(result.Epochs, result.MemoryBytes));
        StoreRestored restored = result.Restored;
        console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            allocated {ByteSize.Format(result.MemoryBytes)}, configured {ByteSize.Format(result.ConfiguredBytes)}
            {result.Epochs.Count} epochs take {ByteSize.Format(result.FileBytes)}; as raw images they would take {ByteSize.Format(result.MemoryBytes * result.Epochs.Count)}
            the guest was abandoned; a new process restored epoch {restored.Epoch} ({restored.PagesRestored} pages) in {restored.RestoreSeconds:F2} s,
            found all {restored.RecordsChecked} records and {restored.Writes} writes right, did {restored.OperationsAfter} operations more, and found them right again
            """));
        SayWhere(request.Report, say);
    }

    private static void SayWhere(string? report, Action<string> say)
    {
        if (report is not null)
        {
            say($"the report is {Path.GetFullPath(report)}");
        }
    }

    private static Table EpochTable(IReadOnlyList<DemoEpoch> epochs, long memoryBytes) =>
        TableOf(DemoReport.EpochHeadings, epochs.Select(epoch => DemoReport.RowOf(epoch, memoryBytes)));

    private static Table TableOf(IReadOnlyList<string> headings, IEnumerable<IEnumerable<string>> rows)
    {
        Table table = new Table().Border(TableBorder.Simple);
        foreach (string heading in headings)
        {
            table.AddColumn(new TableColumn(heading).RightAligned().NoWrap());
        }

        foreach (IEnumerable<string> row in rows)
        {
            table.AddRow([.. row]);
        }

        return table;
    }
}
