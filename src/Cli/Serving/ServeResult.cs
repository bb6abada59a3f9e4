using PageStore.Checkpoint;

namespace PageStore.Cli;

/// <summary>What <c>serve --json</c> prints of a guest, in one line.</summary>
internal sealed record ServeResult(
    int Process,
    long Epoch,
    string Outcome,
    double? SecondsToReady,
    double? SecondsToFull,
    long PlannedPages,
    long PreloadedPages,
    long BubbledPages,
    long BackgroundPages,
    long RemovedPages,
    ServeFaults Faults,
    double MedianServiceUs,
    double Percentile99ServiceUs,
    double LongestServiceUs,
    IReadOnlyList<long> DamagedPages,
    string? Damage)
{
    public static ServeResult Of(ResumeReport report, int process) => new(
        process,
        report.Epoch.Value,
        NameOf(report.Outcome),
        report.TimeToReady?.TotalSeconds,
        report.TimeToFull?.TotalSeconds,
        report.PlannedPages,
        report.PreloadedPages,
        report.BubbledPages,
        report.BackgroundPages,
        report.RemovedPages,
        new ServeFaults(report.Faults.Total, report.Faults.Planned, report.Faults.Unplanned, report.Faults.Zero, report.Faults.Removed, report.Faults.Repeated, report.Faults.Damaged),
        report.MedianService.TotalMicroseconds,
        report.Percentile99Service.TotalMicroseconds,
        report.LongestService.TotalMicroseconds,
        [.. report.DamagedPages.Select(page => page.Value)],
        report.Damage);

    private static string NameOf(ResumeOutcome outcome) => outcome switch
    {
        ResumeOutcome.Complete => "complete",
        ResumeOutcome.GuestEnded => "guest-ended",
        _ => "cancelled",
    };
}

/// <summary>What <c>serve --json --progress</c> prints of a guest meanwhile, in a line.</summary>
/// <param name="Process">The guest's monitor.</param>
/// <param name="Seconds">Since its memory was handed over.</param>
/// <param name="Ready">Whether it may run.</param>
/// <param name="BroughtPages">How many pages were brought, demanded or not.</param>
/// <param name="Demanded">How many page faults were served.</param>
internal sealed record ServeProgress(int Process, double Seconds, bool Ready, long BroughtPages, long Demanded);

/// <summary>Page faults by cause, see <see cref="ResumeFaults"/>.</summary>
internal sealed record ServeFaults(long Total, long Planned, long Unplanned, long Zero, long Removed, long Repeated, long Damaged);
