using System.Text.Json.Serialization;

namespace PageStore.Cli;

/// <summary>How a machine came back. Seconds count from when the process that brought it back began to.</summary>
/// <param name="Way">How it was brought back.</param>
/// <param name="ReadySeconds">When it could run.</param>
/// <param name="FirstProgressSeconds">When it had first done something; null if it never did.</param>
/// <param name="BackSeconds">From when on it kept 90 % of full speed; null if it did not, as long as it was followed.</param>
/// <param name="PagesBefore">How many pages were read before it ran.</param>
/// <param name="Faults">How often it had to wait for a page while it was followed.</param>
/// <param name="BytesRead">What was read from the medium until then; null where the kernel does not say.</param>
/// <param name="Cold">Whether the kernel could be made to forget the file before.</param>
/// <param name="CheckSeconds">How long the guest took afterwards to look through all of its memory, which it found whole.</param>
/// <param name="Samples">How far it was, and when.</param>
internal sealed record MachineWay(
    string Way,
    double ReadySeconds,
    double? FirstProgressSeconds,
    double? BackSeconds,
    long PagesBefore,
    long Faults,
    long? BytesRead,
    bool Cold,
    double CheckSeconds,
    IReadOnlyList<ProgressSample> Samples)
{
    /// <summary>Of full speed: from where a guest is back.</summary>
    public const double BackShare = 0.9;

    /// <summary>Looks at what a process found.</summary>
    /// <param name="resumed">What it found.</param>
    /// <param name="fullSpeed">The speed of the guest when nothing disturbs it, in operations a second.</param>
    /// <param name="cold">Whether the kernel had forgotten the file.</param>
    public static MachineWay Of(MachineResumed resumed, double fullSpeed, bool cold)
    {
        var curve = new ProgressCurve(resumed.Samples);
        return new MachineWay(
            resumed.Way,
            resumed.ReadySeconds,
            curve.FirstProgress(),
            fullSpeed > 0 ? curve.KeepsFrom(BackShare * fullSpeed) : null,
            resumed.PagesLoaded,
            resumed.Faults,
            resumed.BytesRead,
            cold,
            resumed.CheckSeconds,
            resumed.Samples);
    }
}

/// <summary>All that the demo shows of a machine.</summary>
/// <param name="Guest">What kind of guest it was: <c>kvm</c>.</param>
/// <param name="Host">Where.</param>
/// <param name="MemoryBytes">The guest's memory: allocated.</param>
/// <param name="ConfiguredBytes">Of that, pages that hold data worth keeping, at the epoch that was brought back.</param>
/// <param name="WorkingBytes">What the guest works in.</param>
/// <param name="FileBytes">Bytes that the file takes on the disk's books: the sum of what its epochs added.</param>
/// <param name="Epochs">The epochs that were taken before it was killed; there may be one more.</param>
/// <param name="KillCode">What the killed process returned.</param>
/// <param name="Resumed">The epoch that was brought back.</param>
/// <param name="FullSpeed">The guest's speed when all of its memory is there, in operations a second: the median over windows of 250 ms of the full way.</param>
/// <param name="Ways">How it came back.</param>
internal sealed record MachineDemoResult(
    string Guest,
    DemoHost Host,
    long MemoryBytes,
    long ConfiguredBytes,
    long WorkingBytes,
    long FileBytes,
    IReadOnlyList<DemoEpoch> Epochs,
    int KillCode,
    long Resumed,
    double FullSpeed,
    IReadOnlyList<MachineWay> Ways)
{
    /// <summary>Whether each way began without anything of the file in the kernel's memory.</summary>
    [JsonIgnore]
    public bool IsCold => Ways.All(way => way.Cold);
}
