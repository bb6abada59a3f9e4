using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using PageStore.Checkpoint;

namespace PageStore.Cli;

/// <summary><c>pagestore import</c>: an image becomes an epoch.</summary>
internal static class ImportCommand
{
    public const string StandardInput = "-";

    public static Command Create(ToolConsole console)
    {
        var image = new Argument<string>("IMAGE") { Description = "A file of xl save, of xl dump-core, a libxl or libxc stream, or raw memory; - for standard input. A disk: nbd://HOST/EXPORT, nbd+unix:///EXPORT?socket=PATH, or, with --disk, a raw image or block device." };
        var file = new Option<string>("--output", "-o") { Description = "The checkpoint file; one that exists gets a further epoch.", Required = true };
        Option<string?> compression = CommonOptions.Compression();
        var label = new Option<string?>("--label") { Description = "A text for people." };
        Option<bool> json = CommonOptions.Json();
        var command = new Command("import", "Read an image into a checkpoint file.") { image, file, compression, label, json };
        var pageSize = PageSizeOption.AddTo(command);
        var disk = DiskOptions.AddTo(command);
        var access = AccessOptions.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var request = new ImportRequest(
                parsed.GetRequiredValue(image),
                parsed.GetRequiredValue(file),

                // What comes through a pipe may come from a capture, which waits for whoever reads slowly.
                PageForm.Of(parsed.GetValue(compression), parsed.GetRequiredValue(image) == StandardInput ? PageCodecs.Lz4 : PageCodecs.Lz4High),
                pageSize.Read(parsed),
                parsed.GetValue(label),
                parsed.GetValue(json));
            DiskRequest? ofDisk = disk.Read(parsed, request.Image);
            using CheckpointAccess held = access.Read(parsed);
            CheckpointWriterOptions writer = WriterOptions(request, held);
            return ofDisk is null ? await RunAsync(console, request, writer, cancellation) : await DiskImportRun.RunAsync(console, request, ofDisk, writer, cancellation);
        });
        return command;
    }

    private static CheckpointWriterOptions WriterOptions(ImportRequest request, CheckpointAccess access) => new()
    {
        PageSize = PageSizeOption.Of(request.File, access, request.PageSize),
        Codec = request.Form.Codec,
        Sharing = request.Form.Sharing,
        Key = access.Key,
        ExpectedRoot = access.ExpectedRoot,
    };

    private static async Task<int> RunAsync(ToolConsole console, ImportRequest request, CheckpointWriterOptions writer, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        await using Stream source = Open(console, request.Image);
        ImportReport report = await ProgressDisplay.RunAsync(console, "import", "pages", PagesOf(source, writer.PageSize), progress => ImageImporter.ImportAsync(
            source, request.File, writer, new ImportOptions { Label = request.Label }, progress, cancellation));
        EpochInfo epoch = report.Epoch;
        var result = new ImportResult(
            epoch.Id.Value,
            epoch.PageCount,
            report.PageSize,
            epoch.PagesWritten,
            epoch.PagesZero,
            epoch.PagesAbsent,
            report.BytesWritten,
            report.RootHash,
            Stopwatch.GetElapsedTime(start).TotalSeconds)
        {
            Epochs = report.Epochs,
            CutOff = report.IsCutOff,
            RecordsDropped = report.RecordsDropped,
        };
        console.Out.WriteLine(request.Json ? JsonSerializer.Serialize(result, ResultJson.Default.ImportResult) : Describe(result));
        if (report.IsCutOff)
        {
            console.Error.WriteLine($"pagestore: The stream breaks off behind its checkpoint {report.Epochs}. What it says of the guest from then on was dropped.");
        }

        if (report.RecordsDropped > 0)
        {
            console.Error.WriteLine(DescribeDropped(report));
        }

        return ExitCode.Ok;
    }

    /// <summary>A line on what a stream had and no epoch has.</summary>
    public static string DescribeDropped(ImportReport report) =>
        $"pagestore: {report.RecordsDropped} records behind the end of the stream were dropped. Its last checkpoint, epoch {report.Epoch.Id}, is whole without them; they tell of a later moment, whose memory was not sent.";

    private static Stream Open(ToolConsole console, string image) =>
        image == StandardInput ? console.Input() : new FileStream(image, new FileStreamOptions { BufferSize = 0, Options = FileOptions.SequentialScan });

    private static long? PagesOf(Stream source, int pageSize) => source.CanSeek ? source.Length / pageSize : null;

    private static string Describe(ImportResult result) => string.Create(
        CultureInfo.InvariantCulture,
        $"epoch {result.Epoch}: {result.PagesWritten} of {result.PageCount} pages written ({result.PagesZero} zero, {result.PagesAbsent} absent in all), {ByteSize.Format(result.BytesWritten)} added in {result.Seconds:F2} s{(result.Root is null ? string.Empty : $", root {result.Root}")}");
}
