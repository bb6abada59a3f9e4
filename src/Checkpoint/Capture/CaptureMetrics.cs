using System.Diagnostics.Metrics;

namespace PageStore.Checkpoint;

/// <summary>The metrics of captures, for whoever listens to the meter <c>PageStore.Checkpoint</c>. Thread-safe.</summary>
internal static class CaptureMetrics
{
    private static readonly Meter Meter = new("PageStore.Checkpoint");
    private static readonly Histogram<double> Pause = Phase("pause", "How long the guest stood still.");
    private static readonly Histogram<double> Harvest = Phase("harvest", "Reading the dirty log during the pause.");
    private static readonly Histogram<double> Copy = Phase("copy", "Copying written pages during the pause.");
    private static readonly Histogram<double> Work = Phase("work", "What other work took longer than the copy, during the pause.");
    private static readonly Histogram<double> Stream = Phase("stream", "Streaming pages of the running guest.");
    private static readonly Histogram<double> Store = Phase("store", "Classifying, checksums and compression.");
    private static readonly Histogram<double> Commit = Phase("commit", "Page table, record and syncs.");
    private static readonly Counter<long> Epochs = Meter.CreateCounter<long>("pagestore.capture.epochs", "{epoch}", "Epochs committed.");
    private static readonly Counter<long> PagesWritten = Meter.CreateCounter<long>("pagestore.capture.pages_written", "{page}", "Pages in the written sets.");
    private static readonly Counter<long> PagesRead = Meter.CreateCounter<long>("pagestore.capture.pages_read", "{page}", "Pages in the read sets.");
    private static readonly Counter<long> Bytes = Meter.CreateCounter<long>("pagestore.capture.bytes", "By", "Bytes added to checkpoint files.");

    public static void Record(EpochReport report)
    {
        Pause.Record(report.Pause.TotalSeconds);
        Harvest.Record(report.Harvest.TotalSeconds);
        Copy.Record(report.Copy.TotalSeconds);
        Work.Record(report.Work.TotalSeconds);
        Stream.Record(report.Stream.TotalSeconds);
        Store.Record(report.Store.TotalSeconds);
        Commit.Record(report.Commit.TotalSeconds);
        Epochs.Add(1);
        PagesWritten.Add(report.Epoch.PagesWritten);
        PagesRead.Add(report.Epoch.PagesRead ?? 0);
        Bytes.Add(report.Epoch.Bytes);
    }

    private static Histogram<double> Phase(string name, string description) =>
        Meter.CreateHistogram<double>("pagestore.capture." + name, "s", description);
}
