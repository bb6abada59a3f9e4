namespace PageStore.Cli;

/// <summary>What the process found that brought the guest back.</summary>
/// <param name="Epoch">The epoch it restored.</param>
/// <param name="RestoreSeconds">From opening the file to memory complete.</param>
/// <param name="PagesRestored">Pages that hold data.</param>
/// <param name="RecordsChecked">Records of the store that were right.</param>
/// <param name="Writes">Writes that the store counts.</param>
/// <param name="OperationsAfter">Operations done after that, all records checked again.</param>
internal sealed record StoreRestored(long Epoch, double RestoreSeconds, long PagesRestored, long RecordsChecked, long Writes, long OperationsAfter);

/// <summary>All that the demo shows where there is no virtual machine.</summary>
/// <param name="Guest">What kind of guest it was: <c>process</c>.</param>
/// <param name="WhyNoMachine">What the host lacks for a virtual machine.</param>
/// <param name="MemoryBytes">The guest's memory: allocated.</param>
/// <param name="ConfiguredBytes">Of that, pages that hold data worth keeping, at the last epoch.</param>
/// <param name="FileBytes">Bytes that the file takes on the disk's books: the sum of what its epochs added.</param>
/// <param name="Epochs">The table.</param>
/// <param name="Restored">How the guest came back.</param>
internal sealed record StoreDemoResult(
    string Guest, string WhyNoMachine, long MemoryBytes, long ConfiguredBytes, long FileBytes, IReadOnlyList<DemoEpoch> Epochs, StoreRestored Restored);
