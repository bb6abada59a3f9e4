using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using PageStore.Checkpoint;

namespace PageStore.Cli;

/// <summary><c>pagestore repair</c>: what is left of a damaged file becomes a new one.</summary>
internal static class RepairCommand
{
    /// <summary>Lines of losses for people; all of them are in the JSON.</summary>
    private const int MaxLines = 20;

    public static Command Create(ToolConsole console)
    {
        Argument<string> file = CommonOptions.File();
        var output = new Option<string>("--output", "-o") { Description = "The new checkpoint file; must not exist.", Required = true };
        Option<string?> pageSize = SizeOption("--page-size", "The page size, for a file that has lost its header; 4KiB unless it was made with another.");
        Option<string?> segmentSize = SizeOption("--segment-size", "The segment size, for a file that has lost its header; 4MiB unless it was made with another.");
        Option<bool> json = CommonOptions.Json();
        var command = new Command("repair", "Salvage what still checks of a damaged file into a new one.") { file, output, pageSize, segmentSize, json };
        var access = AccessOptions.AddTo(command, withRoot: false);
        command.SetAction(async (parsed, cancellation) =>
        {
            using CheckpointAccess given = access.Read(parsed);
            var options = new RepairOptions { PageSize = SizeOf(parsed.GetValue(pageSize)), SegmentSize = SizeOf(parsed.GetValue(segmentSize)), Key = given.Key };
            return await RunAsync(console, parsed.GetRequiredValue(file), parsed.GetRequiredValue(output), options, parsed.GetValue(json), cancellation);
        });
        return command;
    }

    private static Option<string?> SizeOption(string name, string description)
    {
        var option = new Option<string?>(name) { Description = description };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && ByteSize.TryParse(result.Tokens[0].Value) is null or < 1 or > int.MaxValue)
            {
                result.AddError($"'{result.Tokens[0].Value}' is no size.");
            }
        });
        return option;
    }

    private static int? SizeOf(string? text) => text is null ? null : (int?)ByteSize.TryParse(text);

    private static async Task<int> RunAsync(ToolConsole console, string file, string output, RepairOptions options, bool json, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        RepairReport report = await ProgressDisplay.RunAsync(
            console, "repair", "pages", null, progress => Task.FromResult(CheckpointRepair.Salvage(file, output, options, progress, cancellation)));
        if (json)
        {
            var result = new RepairResult(
                report.Complete,
                report.Epochs,
                report.PagesCopied,
                report.PagesLost,
                report.FileBytes,
                report.LostParts,
                [.. report.Lost.Select(RepairLoss.Of)],
                Stopwatch.GetElapsedTime(start).TotalSeconds);
            console.Out.WriteLine(JsonSerializer.Serialize(result, ResultJson.Default.RepairResult));
        }
        else
        {
            WriteText(console.Out, report);
        }

        if (report.Complete)
        {
            return ExitCode.Ok;
        }

        console.Error.WriteLine($"pagestore: {OneLine.Of($"{file} has lost something: {Count(report.PagesLost)} pages, {Count(report.LostParts)} parts in all. What was left is in {output}")}.");
        return ExitCode.Data;
    }

    private static void WriteText(TextWriter output, RepairReport report)
    {
        string lost = report.Complete ? "nothing is lost" : $"{Count(report.PagesLost)} pages are lost";
        output.WriteLine($"{Count(report.Epochs)} epochs, {Count(report.PagesCopied)} pages brought over, {ByteSize.Format(report.FileBytes)}; {lost}");
        foreach (LostPart part in report.Lost.Take(MaxLines))
        {
            output.WriteLine("lost: " + OneLine.Of(Describe(part)));
        }

        if (report.LostParts > MaxLines)
        {
            output.WriteLine($"lost: {Count(report.LostParts - MaxLines)} more; --json lists the first 10000");
        }
    }

    private static string Describe(LostPart part)
    {
        string epoch = part.Epoch is { } id ? $"epoch {id}, " : string.Empty;
        string what = part.Pages is { } run ? $"{Count(run.Count)} pages from PFN {run.First} on" : part.Part ?? string.Empty;
        return $"{epoch}{what}: {part.Reason}";
    }

    private static string Count(long number) => number.ToString(CultureInfo.InvariantCulture);
}
