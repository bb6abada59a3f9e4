namespace PageStore.Cli;

/// <summary>What the process found that brought a machine back. Seconds count from when it began to do so.</summary>
/// <param name="Epoch">The epoch.</param>
/// <param name="HandedOverSeconds">When its memory was handed over to the server; null if it had none.</param>
/// <param name="ReadySeconds">When the guest could run.</param>
/// <param name="PagesRead">How many pages the process read itself.</param>
/// <param name="Samples">How far the guest was since.</param>
/// <param name="BytesRead">What the medium delivered until then for this process and its server; null where the kernel does not say.</param>
/// <param name="CheckSeconds">How long it took the guest afterwards to look through all of its memory, which it found whole; null if it was not asked to.</param>
internal sealed record MachineResumed(
    long Epoch, double? HandedOverSeconds, double ReadySeconds, long PagesRead, IReadOnlyList<ProgressSample> Samples, long? BytesRead, double? CheckSeconds);
