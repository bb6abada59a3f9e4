using System.CommandLine;
using System.Text.Json;
using PageStore.Checkpoint;

namespace PageStore.Cli;

/// <summary><c>pagestore verify</c>: reads everything and compares every checksum.</summary>
internal static class VerifyCommand
{
    public static Command Create(ToolConsole console)
    {
        Argument<string> file = CommonOptions.File();
        var deep = new Option<bool>("--deep") { Description = "Compare accounts, counts, sets and padding, too, and tell how much space is dead." };
        Option<bool> json = CommonOptions.Json();
        var command = new Command("verify", "Read everything in a checkpoint file and compare every checksum.") { file, deep, json };
        var access = AccessOptions.AddTo(command, withStore: true);
        command.SetAction((parsed, cancellation) => RunAsync(console, parsed.GetRequiredValue(file), access.Read(parsed), parsed.GetValue(deep), parsed.GetValue(json), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(ToolConsole console, string file, CheckpointAccess access, bool deep, bool json, CancellationToken cancellation)
    {
        using CheckpointAccess held = access;
        using CheckpointReader reader = Open(console, file, access, json);
        VerifyReport report = await ProgressDisplay.RunAsync(
            console, "verify", "pages", null, progress => Task.FromResult(deep ? reader.VerifyDeep(progress, cancellation) : reader.Verify(progress, cancellation)));
        if (json)
        {
            Print(console, report);
        }

        foreach (string warning in report.Warnings)
        {
            console.Error.WriteLine($"pagestore: warning: {OneLine.Of(warning)}");
        }

        if (!report.Ok)
        {
            string more = report.Damage.Count > 1 ? $" And {report.Damage.Count - 1} more." : string.Empty;
            console.Error.WriteLine($"pagestore: {OneLine.Of($"{file} is damaged: {report.Damage[0].Message}").TrimEnd('.')}.{more}");
            return ExitCode.Data;
        }

        if (!json)
        {
            string space = report.Space is { } use
                ? $"; {ByteSize.Format(use.LiveBytes + use.MetaBytes)} live, {ByteSize.Format(use.DeadBytes)} dead"
                : string.Empty;
            console.Out.WriteLine($"ok: {report.Epochs} epochs, {report.PagesChecked} stored pages checked{space}");
        }

        return ExitCode.Ok;
    }

    private static CheckpointReader Open(ToolConsole console, string file, CheckpointAccess access, bool json)
    {
        try
        {
            return access.Open(file);
        }
        catch (CorruptDataException damage) when (json)
        {
            // Whoever reads the JSON learns of this damage as of any other.
            Print(console, new VerifyReport(0, 0, [damage], []));
            throw;
        }
    }

    private static void Print(ToolConsole console, VerifyReport report)
    {
        var result = new VerifyResult(
            report.Ok,
            report.Epochs,
            report.PagesChecked,
            report.Ok ? null : [.. report.Damage.Select(damage => damage.Message)],
            report.Warnings.Count == 0 ? null : report.Warnings,
            report.Space?.LiveBytes,
            report.Space?.MetaBytes,
            report.Space?.DeadBytes);
        console.Out.WriteLine(JsonSerializer.Serialize(result, ResultJson.Default.VerifyResult));
    }
}
