using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.IO.Pipelines;
using System.Text.Json;
using PageStore.Checkpoint;

namespace PageStore.Cli;

/// <summary><c>pagestore export</c>: an epoch becomes an image.</summary>
internal static class ExportCommand
{
    private const string Raw = "raw";
    private const string Xl = "xl";
    private const string Libxc = "libxc";
    private const string Xapi = "xapi";
    private const string ElfCore = "elf-core";
    private const string Lime = "lime";

    public static Command Create(ToolConsole console)
    {
        var file = new Argument<string>("FILE[@EPOCH]") { Description = "The checkpoint file, and the epoch; without one, the newest." };
        var format = new Option<string>("--format")
        {
            Description = "raw: the pages in order, sparse; xl: what xl restore takes; libxc: the stream of the hypervisor's library in it; xapi: a suspend image; elf-core and lime: for tools that read memory dumps.",
            DefaultValueFactory = _ => Raw,
        };
        format.AcceptOnlyFromAmong(Raw, Xl, Libxc, Xapi, ElfCore, Lime);
        var output = new Option<string>("--output", "-o") { Description = "The image; - for standard output.", Required = true };
        var force = new Option<bool>("--force") { Description = "Replace an image that exists, and write an epoch for Xen that is not restorable." };
        Option<bool> json = CommonOptions.Json();
        var command = new Command("export", "Write an epoch as an image.") { file, format, output, force, json };
        var access = AccessOptions.AddTo(command, withStore: true);
        command.SetAction((parsed, cancellation) => RunAsync(
            console,
            EpochReference.Parse(parsed.GetRequiredValue(file)),
            access.Read(parsed),
            parsed.GetRequiredValue(format),
            parsed.GetRequiredValue(output),
            parsed.GetValue(force),
            parsed.GetValue(json),
            cancellation));
        return command;
    }

    private static async Task<int> RunAsync(
        ToolConsole console, EpochReference reference, CheckpointAccess access, string format, string output, bool force, bool json, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        using CheckpointAccess held = access;
        using CheckpointReader reader = access.Open(reference.Path);
        Epoch epoch = reference.Epoch is { } id ? reader.OpenEpoch(id) : reader.OpenNewest();
        bool toStandardOutput = output == "-";
        ExportReport report = await ProgressDisplay.RunAsync(console, "export", "bytes", epoch.PageCount * epoch.PageSize, async progress =>
        {
            if (!toStandardOutput)
            {
                return ToFile(epoch, format, output, force, progress, cancellation);
            }

            await using Stream stream = console.Output();
            return await ToStreamAsync(epoch, format, stream, force, progress, cancellation);
        });
        if (!toStandardOutput)
        {
            var result = new ExportResult(report.Epoch.Id.Value, report.Length, report.DataPages, Stopwatch.GetElapsedTime(start).TotalSeconds);
            console.Out.WriteLine(json ? JsonSerializer.Serialize(result, ResultJson.Default.ExportResult) : Describe(result, epoch.PageSize));
        }

        return ExitCode.Ok;
    }

    private static ExportReport ToFile(Epoch epoch, string format, string path, bool force, IProgress<long> progress, CancellationToken cancellation) => format switch
    {
        Raw => RawExporter.ToFile(epoch, path, force, progress, cancellation),
        ElfCore or Lime => DumpExporter.ToFile(epoch, path, DumpFormatOf(format), force, progress, cancellation),
        _ => XenExporter.ToFile(epoch, path, XenOptions(format, force), force, progress, cancellation),
    };

    private static async Task<ExportReport> ToStreamAsync(
        Epoch epoch, string format, Stream stream, bool force, IProgress<long> progress, CancellationToken cancellation) => format switch
        {
            Raw => RawExporter.ToStream(epoch, stream, progress, cancellation),
            ElfCore or Lime => DumpExporter.ToStream(epoch, stream, DumpFormatOf(format), progress, cancellation),
            _ => await XenExporter.ToPipeAsync(epoch, PipeWriter.Create(stream), XenOptions(format, force), progress, cancellation),
        };

    private static DumpFormat DumpFormatOf(string format) => format == Lime ? DumpFormat.Lime : DumpFormat.ElfCore;

    private static XenExportOptions XenOptions(string format, bool force) => new()
    {
        Format = format switch
        {
            Xl => ImageFormat.XlSave,
            Xapi => ImageFormat.XapiImage,
            _ => ImageFormat.LibxcStream,
        },
        AllowUnrestorable = force,
    };

    private static string Describe(ExportResult result, int pageSize) => string.Create(
        CultureInfo.InvariantCulture,
        $"epoch {result.Epoch}: {ByteSize.Format(result.Length)}, {ByteSize.Format(result.DataPages * pageSize)} of it data, in {result.Seconds:F2} s");
}
