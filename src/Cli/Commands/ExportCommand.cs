using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using PageStore.Checkpoint;

namespace PageStore.Cli;

/// <summary><c>pagestore export</c>: an epoch becomes an image.</summary>
internal static class ExportCommand
{
    private const string Raw = "raw";

    public static Command Create(ToolConsole console)
    {
        var file = new Argument<string>("FILE[@EPOCH]") { Description = "The checkpoint file, and the epoch; without one, the newest." };
        var format = new Option<string>("--format") { Description = "raw: the pages in order, sparse.", DefaultValueFactory = _ => Raw };
        format.AcceptOnlyFromAmong(Raw);
        var output = new Option<string>("--output", "-o") { Description = "The image; - for standard output.", Required = true };
        var force = new Option<bool>("--force") { Description = "Replace an image that exists." };
        Option<bool> json = CommonOptions.Json();
        var command = new Command("export", "Write an epoch as an image.") { file, format, output, force, json };
        var access = AccessOptions.AddTo(command);
        command.SetAction((parsed, cancellation) => RunAsync(
            console, EpochReference.Parse(parsed.GetRequiredValue(file)), access.Read(parsed), parsed.GetRequiredValue(output), parsed.GetValue(force), parsed.GetValue(json), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(
        ToolConsole console, EpochReference reference, CheckpointAccess access, string output, bool force, bool json, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        using CheckpointAccess held = access;
        using CheckpointReader reader = access.Open(reference.Path);
        Epoch epoch = reference.Epoch is { } id ? reader.OpenEpoch(id) : reader.OpenNewest();
        bool toStandardOutput = output == "-";
        ExportReport report = await ProgressDisplay.RunAsync(console, "export", "bytes", epoch.PageCount * epoch.PageSize, progress =>
        {
            if (!toStandardOutput)
            {
                return Task.FromResult(RawExporter.ToFile(epoch, output, force, progress, cancellation));
            }

            using Stream stream = console.Output();
            return Task.FromResult(RawExporter.ToStream(epoch, stream, progress, cancellation));
        });
        if (!toStandardOutput)
        {
            var result = new ExportResult(report.Epoch.Id.Value, report.Length, report.DataPages, Stopwatch.GetElapsedTime(start).TotalSeconds);
            console.Out.WriteLine(json ? JsonSerializer.Serialize(result, ResultJson.Default.ExportResult) : Describe(result, epoch.PageSize));
        }

        return ExitCode.Ok;
    }

    private static string Describe(ExportResult result, int pageSize) => string.Create(
        CultureInfo.InvariantCulture,
        $"epoch {result.Epoch}: {ByteSize.Format(result.Length)}, {ByteSize.Format(result.DataPages * pageSize)} of it data, in {result.Seconds:F2} s");
}
