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
        Option<bool> json = CommonOptions.Json();
        var command = new Command("verify", "Read everything in a checkpoint file and compare every checksum.") { file, json };
        command.SetAction(parsed => RunAsync(console, parsed.GetRequiredValue(file), parsed.GetValue(json)));
        return command;
    }

    private static async Task<int> RunAsync(ToolConsole console, string file, bool json)
    {
        // By position: a file of which something is wrong must not end the process that says so.
        using CheckpointReader reader = CheckpointReader.Open(file, new CheckpointReaderOptions { ReadMode = ReadMode.Positional });
        VerifyReport report = await ProgressDisplay.RunAsync(console, "verify", "pages", null, progress => Task.FromResult(reader.Verify(progress)));
        if (json)
        {
            var result = new VerifyResult(
                report.Ok,
                report.Epochs,
                report.PagesChecked,
                report.Ok ? null : [.. report.Damage.Select(damage => damage.Message)],
                report.Warnings.Count == 0 ? null : report.Warnings);
            console.Out.WriteLine(JsonSerializer.Serialize(result, ResultJson.Default.VerifyResult));
        }

        foreach (string warning in report.Warnings)
        {
            console.Error.WriteLine($"pagestore: warning: {warning}");
        }

        if (!report.Ok)
        {
            string more = report.Damage.Count > 1 ? $" And {report.Damage.Count - 1} more." : string.Empty;
            console.Error.WriteLine($"pagestore: {file} is damaged: {report.Damage[0].Message}.{more}");
            return ExitCode.Data;
        }

        if (!json)
        {
            console.Out.WriteLine($"ok: {report.Epochs} epochs, {report.PagesChecked} stored pages checked");
        }

        return ExitCode.Ok;
    }
}
