using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using PageStore.Checkpoint;

namespace PageStore.Cli;

/// <summary><c>pagestore import</c> of a disk.</summary>
internal static class DiskImportRun
{
    /// <summary>Imports, and says what became of it.</summary>
    public static async Task<int> RunAsync(ToolConsole console, ImportRequest request, DiskRequest disk, CheckpointWriterOptions writer, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        await using IDiskImage source = await OpenAsync(request.Image, disk, cancellation);
        var options = new DiskImportOptions { Label = request.Label, NextBitmap = disk.NextBitmap, VerifyBitmap = disk.VerifyBitmap };
        DiskImportReport report = await ProgressDisplay.RunAsync(console, "import", "bytes", source.Length, progress =>
            DiskImporter.ImportAsync(source, request.File, writer, options, progress, cancellation));
        EpochInfo epoch = report.Epoch;
        var result = new DiskImportResult(
            epoch.Id.Value,
            report.Length,
            epoch.PageCount,
            report.PageSize,
            report.PagesRead,
            epoch.PagesWritten,
            epoch.PagesZero,
            report.Bitmap,
            report.BytesWritten,
            report.RootHash,
            Stopwatch.GetElapsedTime(start).TotalSeconds);
        console.Out.WriteLine(request.Json ? JsonSerializer.Serialize(result, ResultJson.Default.DiskImportResult) : Describe(result));
        if (report.WhyWhole is { } why)
        {
            console.Error.WriteLine($"pagestore: The whole disk was compared, and the bitmap \"{source.Bitmap}\" not used: {why}.");
        }

        return ExitCode.Ok;
    }

    private static async Task<IDiskImage> OpenAsync(string image, DiskRequest disk, CancellationToken cancellation)
    {
        if (disk.Uri is null)
        {
            return image == ImportCommand.StandardInput ? throw new ArgumentException("A disk is not read from standard input: name its file.") : RawDisk.Open(image);
        }

        var options = new NbdOptions { Bitmap = disk.Bitmap };
        return await NbdDisk.OpenAsync(disk.Uri, disk.Timeout is { } timeout ? options with { Timeout = timeout } : options, cancellation);
    }

    private static string Describe(DiskImportResult result) => string.Create(
        CultureInfo.InvariantCulture,
        $"epoch {result.Epoch}: {result.PagesWritten} of {result.PageCount} pages written ({result.PagesZero} zero in all), {result.PagesRead} read of {ByteSize.Format(result.Length)}{(result.Bitmap is null ? string.Empty : $" by bitmap {OneLine.Of(result.Bitmap)}")}, {ByteSize.Format(result.BytesWritten)} added in {result.Seconds:F2} s{(result.Root is null ? string.Empty : $", root {result.Root}")}");
}
