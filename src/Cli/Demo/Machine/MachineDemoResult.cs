using System.Text.Json.Serialization;

namespace PageStore.Cli;

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
    /// <summary>Puts it together.</summary>
    /// <param name="memoryBytes">The guest's memory.</param>
    /// <param name="checkpoint">What was captured.</param>
    /// <param name="found">How it came back.</param>
    /// <param name="fullSpeed">The guest's speed when all of its memory is there.</param>
    public static MachineDemoResult Of(long memoryBytes, MachineCheckpoint checkpoint, IEnumerable<MachineReturn> found, double fullSpeed) => new(
        "kvm",
        DemoHost.Ask(),
        memoryBytes,
        checkpoint.Newest.PagesConfigured * PageSizes.Default,
        checkpoint.WorkingBytes,
        checkpoint.Epochs.Sum(epoch => epoch.Bytes),
        checkpoint.Epochs,
        checkpoint.KillCode,
        checkpoint.Newest.Id.Value,
        fullSpeed,
        [.. found.Select(one => MachineWay.Of(one, fullSpeed))]);

    /// <summary>Whether each way began without anything of the file in the kernel's memory.</summary>
    [JsonIgnore]
    public bool IsCold => Ways.All(way => way.Cold);
}
