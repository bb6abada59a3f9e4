using PageStore.Checkpoint;

namespace PageStore.Cli;

/// <summary>One row of the demo's table.</summary>
/// <param name="Epoch">Its number.</param>
/// <param name="Written">Pages in W.</param>
/// <param name="Read">Pages in R.</param>
/// <param name="PauseMs">How long the guest stood still, in milliseconds.</param>
/// <param name="Bytes">Bytes added to the file.</param>
/// <param name="Seconds">The whole capture.</param>
internal sealed record DemoEpoch(long Epoch, long Written, long Read, double PauseMs, long Bytes, double Seconds)
{
    /// <summary>From one epoch to the next.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    public static DemoEpoch Of(EpochReport report) => new(
        report.Epoch.Id.Value,
        report.Epoch.PagesWritten,
        report.Epoch.PagesRead ?? 0,
        report.Pause.TotalMilliseconds,
        report.Epoch.Bytes,
        report.Total.TotalSeconds);
}
