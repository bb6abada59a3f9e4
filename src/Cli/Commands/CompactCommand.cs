using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using PageStore.Checkpoint;

namespace PageStore.Cli;

/// <summary><c>pagestore compact</c>: writes a file anew without what nothing reaches.</summary>
internal static class CompactCommand
{
    public static Command Create(ToolConsole console)
    {
        Argument<string> file = CommonOptions.File();
        var output = new Option<string?>("--output", "-o") { Description = "The new file; without it, FILE is replaced." };
        Option<bool> json = CommonOptions.Json();
        var command = new Command("compact", "Write a checkpoint file anew, without dead space.") { file, output, json };
        var access = AccessOptions.AddTo(command);
        command.SetAction((parsed, cancellation) => RunAsync(console, parsed.GetRequiredValue(file), access.Read(parsed), parsed.GetValue(output), parsed.GetValue(json), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(ToolConsole console, string file, CheckpointAccess access, string? output, bool json, CancellationToken cancellation)
    {
        using CheckpointAccess held = access;
        CompactReport report = await ProgressDisplay.RunAsync(console, "compact", "pages", null, progress => Task.FromResult(output is null
            ? CheckpointCompactor.CompactInPlace(file, access.Key, access.ExpectedRoot, progress, cancellation)
            : CheckpointCompactor.Compact(file, output, access.Key, access.ExpectedRoot, progress, cancellation)));
        var result = new CompactResult(report.Epochs, report.BytesBefore, report.BytesAfter, report.Packs, report.PacksLeft);
        console.Out.WriteLine(json
            ? JsonSerializer.Serialize(result, ResultJson.Default.CompactResult)
            : string.Create(CultureInfo.InvariantCulture, $"{report.Epochs} epochs{Packs(report)}; {ByteSize.Format(report.BytesBefore)} before, {ByteSize.Format(report.BytesAfter)} now"));
        return ExitCode.Ok;
    }

    private static string Packs(CompactReport report) =>
        (report.Packs > 0 ? string.Create(CultureInfo.InvariantCulture, $", {report.Packs} with a resume pack") : string.Empty)
        + (report.PacksLeft > 0 ? string.Create(CultureInfo.InvariantCulture, $", {report.PacksLeft} without the one they had (see pagestore pack)") : string.Empty);
}
