using System.Globalization;

namespace PageStore.Cli;

/// <summary>The demo's results as a file to open in a browser.</summary>
internal static class DemoReport
{
    /// <summary>The heads of <see cref="RowOf"/>.</summary>
    public static IReadOnlyList<string> EpochHeadings { get; } = ["epoch", "W, pages", "R, pages", "pause, ms", "added", "of a raw image", "time, s"];

    /// <summary>An epoch as a row.</summary>
    public static IReadOnlyList<string> RowOf(DemoEpoch epoch, long memoryBytes) =>
    [
        epoch.Epoch.ToString(CultureInfo.InvariantCulture),
        epoch.Written.ToString(CultureInfo.InvariantCulture),
        epoch.Read.ToString(CultureInfo.InvariantCulture),
        epoch.PauseMs.ToString("F1", CultureInfo.InvariantCulture),
        ByteSize.Format(epoch.Bytes),
        string.Create(CultureInfo.InvariantCulture, $"{100.0 * epoch.Bytes / memoryBytes:F2} %"),
        epoch.Seconds.ToString("F3", CultureInfo.InvariantCulture),
    ];

    /// <summary>Fails for a place where no report can be written, before minutes are spent on it.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    public static void CheckPlace(string path)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is not { } folder || !Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"The report cannot be written to {path}: there is no such folder.");
        }
    }

    /// <summary>Writes the report of a machine.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, MachineDemoResult result)
    {
        IEnumerable<ReportPart> parts =
        [
            new ReportText(
                $"A virtual machine with {ByteSize.Format(result.MemoryBytes)} of memory, of which {ByteSize.Format(result.ConfiguredBytes)} hold something, worked on {ByteSize.Format(result.WorkingBytes)}. " +
                $"After {result.Epochs.Count} epochs its process was killed. New processes brought epoch {result.Resumed} back, let the guest work, and had it look through all of its memory: all was well."),
            .. result.Ways.Select(way => new ReportText($"{way.Way}: {ResumeWay.All.First(known => known.Name == way.Way).Description}.")),
            new ReportTable(MachineView.Headings, [.. result.Ways.Select(MachineView.RowOf)]),
            new ReportChart(MachineView.Progress(result)),
            .. MachineView.Beginning(result) is { } beginning ? (ReportPart[])[new ReportChart(beginning)] : [],
            new ReportChart(MachineView.Speed(result)),
            .. result.Ways.Any(way => way.Faults > 0) ? (ReportPart[])[new ReportChart(MachineView.Faults(result))] : [],
            new ReportText(Measure(result)),
            new ReportText($"Measured on: {result.Host}."),
            new ReportTable(EpochHeadings, [.. result.Epochs.Select(epoch => RowOf(epoch, result.MemoryBytes))]),
        ];
        Write(path, "A guest, killed and brought back", parts);
    }

    /// <summary>Writes the report of a guest that is a part of a process.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, StoreDemoResult result)
    {
        IEnumerable<ReportPart> parts =
        [
            new ReportText($"There is no virtual machine on this host: {result.WhyNoMachine} So a store in the memory of a process stood in for it; it can be brought back in full only, and there are no curves."),
            new ReportText(string.Create(CultureInfo.InvariantCulture, $"A new process restored epoch {result.Restored.Epoch} in {result.Restored.RestoreSeconds:F2} s and found all {result.Restored.RecordsChecked} records right.")),
            new ReportTable(EpochHeadings, [.. result.Epochs.Select(epoch => RowOf(epoch, result.MemoryBytes))]),
        ];
        Write(path, "A guest, abandoned and brought back", parts);
    }

    /// <summary>What the figures mean.</summary>
    private static string Measure(MachineDemoResult result) => string.Create(CultureInfo.InvariantCulture,
        $"Seconds count from when the new process began to bring the guest back. Full speed is {result.FullSpeed / 1e6:F2} million operations a second: the median over windows of 250 ms of the guest whose memory is all there. " +
        $"It is back at 90 % at the first moment from which, for a second, every window of 250 ms has at least 90 % of that. " +
        $"{(result.IsCold ? "Before each way the kernel was made to forget the file, so that it came from the medium." : "The kernel could not be made to forget the file before each way: it may have come from memory.")} " +
        $"Memory of a lazy way is brought by pagestore serve, a process that has made its plan and listens when time begins. Faults and bytes are those until the curves end. The guest's own check comes behind that and touches every page that holds something.");

    /// <summary>In one go, so that there is no half of it.</summary>
    private static void Write(string path, string title, IEnumerable<ReportPart> parts)
    {
        using var page = new MemoryStream();
        HtmlReport.Write(page, title, parts);
        File.WriteAllBytes(path, page.ToArray());
    }
}
