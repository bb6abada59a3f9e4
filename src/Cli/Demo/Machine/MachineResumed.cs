namespace PageStore.Cli;

/// <summary>What the process found that brought a machine back. Seconds count from when it began to do so.</summary>
/// <param name="Way">How.</param>
/// <param name="Epoch">The epoch.</param>
/// <param name="ReadySeconds">When the guest could run.</param>
/// <param name="PagesLoaded">How many pages were read before it ran.</param>
/// <param name="Samples">How far it was since.</param>
/// <param name="Faults">How often the guest had to wait for a page until then.</param>
/// <param name="BytesRead">What was read from the medium until then, and not from the kernel's memory of the file; null where the kernel does not say.</param>
/// <param name="CheckSeconds">How long it took the guest afterwards to look through all of its memory, which it found whole.</param>
internal sealed record MachineResumed(
    string Way, long Epoch, double ReadySeconds, long PagesLoaded, IReadOnlyList<ProgressSample> Samples, long Faults, long? BytesRead, double CheckSeconds);
