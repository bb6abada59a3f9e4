using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using PageStore.Checkpoint;
using Spectre.Console;

namespace PageStore.Cli;

/// <summary><c>pagestore store</c>: the checkpoints of many guests in one folder, equal pages once.</summary>
internal static class StoreCommand
{
    public static Command Create(ToolConsole console) => new("store", "Keep the checkpoints of many guests in one folder, equal pages of a sharing domain once.")
    {
        Add(console),
        List(console),
        Stat(console),
        Remove(console),
        Collect(console),
    };

    private static Argument<string> Folder() => new("DIR") { Description = "The folder of the store." };

    private static Command Add(ToolConsole console)
    {
        Argument<string> folder = Folder();
        Argument<string> file = CommonOptions.File();
        var name = new Option<string?>("--name") { Description = "The name of the checkpoint in the store; without it, that of FILE.", HelpName = "NAME" };
        var domain = new Option<string?>("--domain")
        {
            Description = "Share pages with the checkpoints of this domain; without it, with those of the same guest. Whoever adds to a domain can find out which pages others in it have.",
            HelpName = "NAME",
        };
        Option<string?> compression = CommonOptions.Compression();
        Option<bool> json = CommonOptions.Json();
        var command = new Command("add", "Add a checkpoint file; DIR is made where it is not there.") { folder, file, name, domain, compression, json };
        command.SetAction((parsed, cancellation) => AddAsync(
            console,
            parsed.GetRequiredValue(folder),
            parsed.GetRequiredValue(file),
            new StoreAddOptions { Name = parsed.GetValue(name), Domain = parsed.GetValue(domain), Codec = PageForm.Of(parsed.GetValue(compression), PageCodecs.Lz4High).Codec },
            parsed.GetValue(json),
            cancellation));
        return command;
    }

    private static async Task<int> AddAsync(ToolConsole console, string folder, string file, StoreAddOptions options, bool json, CancellationToken cancellation)
    {
        using CheckpointStore store = CheckpointStore.OpenOrCreate(folder);
        StoreAddReport report = await ProgressDisplay.RunAsync(console, "add", "pages", null, progress => Task.FromResult(store.Add(file, options, progress, cancellation)));
        var result = new StoreAddResult(report.Checkpoint.Name, report.Checkpoint.Domain, report.Checkpoint.Path, report.Epochs, report.Pages, report.BlocksAdded, report.BytesAdded, report.FileBytes);
        console.Out.WriteLine(json
            ? JsonSerializer.Serialize(result, ResultJson.Default.StoreAddResult)
            : string.Create(CultureInfo.InvariantCulture, $"{result.Name}: {result.Epochs} epochs, {result.Pages} stored pages, {result.BlocksAdded} of them new to {result.Domain}; {ByteSize.Format(result.BytesAdded)} of blocks, file of {ByteSize.Format(result.FileBytes)}"));
        return ExitCode.Ok;
    }

    private static Command List(ToolConsole console)
    {
        Argument<string> folder = Folder();
        Option<bool> json = CommonOptions.Json();
        var command = new Command("list", "Show the checkpoints in a store.") { folder, json };
        command.SetAction(parsed =>
        {
            using CheckpointStore store = CheckpointStore.Open(parsed.GetRequiredValue(folder));
            IReadOnlyList<StoredCheckpoint> list = store.List();
            if (parsed.GetValue(json))
            {
                var result = new StoreListResult([.. list.Select(checkpoint => new StoreListEntry(checkpoint.Name, checkpoint.Domain, checkpoint.Path, checkpoint.FileId, checkpoint.Added))]);
                console.Out.WriteLine(JsonSerializer.Serialize(result, ResultJson.Default.StoreListResult));
            }
            else
            {
                console.Show(TableOf(list));
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static Table TableOf(IReadOnlyList<StoredCheckpoint> list)
    {
        Table table = new Table().Border(TableBorder.Simple);
        foreach (string heading in (string[])["checkpoint", "domain", "added"])
        {
            table.AddColumn(new TableColumn(heading).NoWrap());
        }

        foreach (StoredCheckpoint checkpoint in list)
        {
            table.AddRow(Markup.Escape(checkpoint.Name), Markup.Escape(checkpoint.Domain), checkpoint.Added.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture));
        }

        return table;
    }

    private static Command Stat(ToolConsole console)
    {
        Argument<string> folder = Folder();
        Option<bool> json = CommonOptions.Json();
        var command = new Command("stat", "Measure a store.") { folder, json };
        command.SetAction(parsed =>
        {
            using CheckpointStore store = CheckpointStore.Open(parsed.GetRequiredValue(folder));
            StoreReport report = store.Measure();
            console.Out.WriteLine(parsed.GetValue(json) ? JsonSerializer.Serialize(report, ResultJson.Default.StoreReport) : Describe(report));
            return ExitCode.Ok;
        });
        return command;
    }

    private static string Describe(StoreReport report) => string.Create(
        CultureInfo.InvariantCulture,
        $"{report.Checkpoints} checkpoints in {report.Domains} domains, files of {ByteSize.Format(report.CheckpointBytes)}; {report.Blocks} blocks of {ByteSize.Format(report.BlockBytes)}, {report.SharedBlocks} shared, {report.UnreferencedBlocks} unreferenced; {report.Packs} packs of {ByteSize.Format(report.PackBytes)}, {ByteSize.Format(report.DeadBytes)} of it dead; index of {ByteSize.Format(report.IndexBytes)}");

    private static Command Remove(ToolConsole console)
    {
        Argument<string> folder = Folder();
        var name = new Argument<string>("NAME") { Description = "The checkpoint." };
        Option<bool> json = CommonOptions.Json();
        var command = new Command("remove", "Remove a checkpoint; gc gives the space of its blocks back.") { folder, name, json };
        command.SetAction(parsed =>
        {
            using CheckpointStore store = CheckpointStore.Open(parsed.GetRequiredValue(folder));
            string removed = parsed.GetRequiredValue(name);
            store.Remove(removed);
            console.Out.WriteLine(parsed.GetValue(json) ? JsonSerializer.Serialize(new StoreRemoveResult(removed), ResultJson.Default.StoreRemoveResult) : $"{removed} removed");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Collect(ToolConsole console)
    {
        Argument<string> folder = Folder();
        Option<int?> maxDead = CommonOptions.Number("--max-dead", "How many percent of a pack may be dead before what lives is moved out of it; 25 without it, 0 gives everything back.", 0, 100);
        Option<bool> json = CommonOptions.Json();
        var command = new Command("gc", "Free the blocks that no checkpoint references, also while others add.") { folder, maxDead, json };
        command.SetAction(parsed =>
        {
            using CheckpointStore store = CheckpointStore.Open(parsed.GetRequiredValue(folder));
            StoreCollectReport report = store.Collect(parsed.GetValue(maxDead) is { } percent ? percent / 100.0 : CheckpointStore.DefaultMaxDead);
            console.Out.WriteLine(parsed.GetValue(json)
                ? JsonSerializer.Serialize(report, ResultJson.Default.StoreCollectReport)
                : string.Create(CultureInfo.InvariantCulture, $"{report.BlocksFreed} blocks freed, {report.BlocksMoved} moved, {report.PacksRemoved} packs removed; {ByteSize.Format(report.BytesReturned)} given back"));
            return ExitCode.Ok;
        });
        return command;
    }
}
