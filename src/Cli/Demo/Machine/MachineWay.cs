namespace PageStore.Cli;

/// <summary>What the processes said that brought a machine back.</summary>
/// <param name="Way">How they did.</param>
/// <param name="Cold">Whether the kernel could be made to forget the file before.</param>
/// <param name="Resumed">What the machine's process said.</param>
/// <param name="Served">What the server said; null if there was none.</param>
internal sealed record MachineReturn(ResumeWay Way, bool Cold, MachineResumed Resumed, MachineServed? Served);

/// <summary>How often a guest had waited for a page.</summary>
/// <param name="Seconds">By when.</param>
/// <param name="Faults">How often.</param>
internal readonly record struct FaultSample(double Seconds, long Faults);

/// <summary>How a machine came back. Seconds count from when the process that brought it back began to.</summary>
/// <param name="Way">How it was brought back.</param>
/// <param name="ReadySeconds">When it could run.</param>
/// <param name="FirstProgressSeconds">When it had first done something; null if it never did.</param>
/// <param name="BackSeconds">From when on it kept 90 % of full speed; null if it did not, as long as it was followed.</param>
/// <param name="WholeSeconds">When all of its memory was there; null if it never was.</param>
/// <param name="PagesBefore">How many pages were read before it ran.</param>
/// <param name="Faults">How often it had to wait for a page while it was followed.</param>
/// <param name="BytesRead">What the medium delivered until then; null where the kernel does not say.</param>
/// <param name="Cold">Whether the kernel could be made to forget the file before.</param>
/// <param name="CheckSeconds">How long the guest took afterwards to look through all of its memory, which it found whole; null if it was not asked to.</param>
/// <param name="MedianServiceUs">In how many microseconds half of all faults were served; null if nobody served any.</param>
/// <param name="Percentile99ServiceUs">In how many 99 of 100 were.</param>
/// <param name="Samples">How far it was, and when.</param>
/// <param name="FaultSamples">How often it had waited, and when.</param>
internal sealed record MachineWay(
    string Way,
    double ReadySeconds,
    double? FirstProgressSeconds,
    double? BackSeconds,
    double? WholeSeconds,
    long PagesBefore,
    long Faults,
    long? BytesRead,
    bool Cold,
    double? CheckSeconds,
    double? MedianServiceUs,
    double? Percentile99ServiceUs,
    IReadOnlyList<ProgressSample> Samples,
    IReadOnlyList<FaultSample> FaultSamples)
{
    /// <summary>Of full speed: from where a guest is back.</summary>
    public const double BackShare = 0.9;

    /// <summary>Looks at what the processes said.</summary>
    /// <param name="found">What they said.</param>
    /// <param name="fullSpeed">The speed of the guest when nothing disturbs it, in operations a second.</param>
    public static MachineWay Of(MachineReturn found, double fullSpeed)
    {
        (MachineResumed resumed, MachineServed? served) = (found.Resumed, found.Served);
        var curve = new ProgressCurve(resumed.Samples);
        double handedOver = resumed.HandedOverSeconds ?? 0;
        double end = resumed.Samples[^1].Seconds;
        return new MachineWay(
            found.Way.Name,
            resumed.ReadySeconds,
            curve.FirstProgress(),
            fullSpeed > 0 ? curve.KeepsFrom(BackShare * fullSpeed) : null,
            served is null ? resumed.ReadySeconds : handedOver + served.Result.SecondsToFull,
            served?.Result.PreloadedPages ?? resumed.PagesRead,
            served?.DemandedAt(end - handedOver) ?? 0,
            resumed.BytesRead,
            found.Cold,
            resumed.CheckSeconds,
            served?.Result.MedianServiceUs,
            served?.Result.Percentile99ServiceUs,
            resumed.Samples,
            FaultsOf(served, handedOver, resumed.ReadySeconds, end));
    }

    /// <summary>
    /// What a machine did in the second half of the time for which it was followed, in operations a second. A host that is shared gives one run half as much again as the next one, so that a run is
    /// best held against itself. On demand it still waits for a page then and again, which makes it seem to be back a little sooner than it is.
    /// </summary>
    public static double FullSpeedOf(MachineResumed resumed) =>
        new ProgressCurve(resumed.Samples).MedianSpeed((resumed.ReadySeconds + resumed.Samples[^1].Seconds) / 2);

    private static FaultSample[] FaultsOf(MachineServed? served, double handedOver, double ready, double end)
    {
        IEnumerable<FaultSample> told = (served?.Progress ?? [])
            .Select(progress => new FaultSample(handedOver + progress.Seconds, progress.Demanded))
            .Where(sample => sample.Seconds > ready && sample.Seconds < end);
        return [new FaultSample(ready, 0), .. told, new FaultSample(end, served?.DemandedAt(end - handedOver) ?? 0)];
    }
}
