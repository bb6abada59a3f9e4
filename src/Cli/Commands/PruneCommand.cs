using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using PageStore.Checkpoint;

namespace PageStore.Cli;

/// <summary><c>pagestore prune</c>: drops epochs and gives their space back.</summary>
internal static class PruneCommand
{
    public static Command Create(ToolConsole console)
    {
        Argument<string> file = CommonOptions.File();
        Option<int?> last = CommonOptions.Number("--keep-last", "Keep the newest N epochs.", 1);
        Option<int?> every = CommonOptions.Number("--keep-every", "Keep the epochs whose number is a multiple of N.", 2);
        var within = new Option<string?>("--keep-within") { Description = "Keep the epochs of the last 90s, 15m, 12h or 7d before the newest." };
        within.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && Age.TryParse(result.Tokens[0].Value) is null)
            {
                result.AddError($"'{result.Tokens[0].Value}' is no age. Write, for instance, 90s, 15m, 12h or 7d.");
            }
        });
        var labelled = new Option<bool>("--keep-labelled") { Description = "Keep the epochs that have a label." };
        Option<bool> json = CommonOptions.Json();
        var command = new Command("prune", "Drop epochs. What any option keeps, and the newest, stays.") { file, last, every, within, labelled, json };
        var access = AccessOptions.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetResult(last) is null && result.GetResult(every) is null && result.GetResult(within) is null && !result.GetValue(labelled))
            {
                result.AddError("Say what to keep: --keep-last, --keep-every, --keep-within or --keep-labelled.");
            }
        });
        command.SetAction(parsed => Run(
            console,
            parsed.GetRequiredValue(file),
            access.Read(parsed),
            new PrunePolicy
            {
                KeepLast = parsed.GetValue(last),
                KeepEvery = parsed.GetValue(every),
                KeepWithin = parsed.GetValue(within) is { } age ? Age.TryParse(age) : null,
                KeepLabelled = parsed.GetValue(labelled),
            },
            parsed.GetValue(json)));
        return command;
    }

    private static int Run(ToolConsole console, string file, CheckpointAccess access, PrunePolicy policy, bool json)
    {
        using CheckpointAccess held = access;
        using CheckpointWriter writer = CheckpointWriter.Open(file, new CheckpointWriterOptions { Key = access.Key, ExpectedRoot = access.ExpectedRoot });
        PruneReport report = writer.Prune(policy);
        if (json)
        {
            var result = new PruneResult([.. report.Dropped.Select(id => id.Value)], report.DeadBytes, report.ReturnedBytes, report.PinnedBytes, report.IsHeldByReaders);
            console.Out.WriteLine(JsonSerializer.Serialize(result, ResultJson.Default.PruneResult));
            return ExitCode.Ok;
        }

        console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{report.Dropped.Count} epochs dropped; {ByteSize.Format(report.DeadBytes)} of them are dead, {ByteSize.Format(report.ReturnedBytes)} were given back"));
        if (report.PinnedBytes > 0)
        {
            console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{ByteSize.Format(report.PinnedBytes)} of them stay: pages of kept epochs are stored as what differs from them"));
        }

        if (report.IsHeldByReaders)
        {
            console.Out.WriteLine("somebody still reads what was there before: the rest is given back by a later prune");
        }

        return ExitCode.Ok;
    }
}
