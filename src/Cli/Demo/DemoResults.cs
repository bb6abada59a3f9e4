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
    public static DemoEpoch Of(EpochReport report) => new(
        report.Epoch.Id.Value,
        report.Epoch.PagesWritten,
        report.Epoch.PagesRead ?? 0,
        report.Pause.TotalMilliseconds,
        report.Epoch.Bytes,
        report.Total.TotalSeconds);
}

/// <summary>What the process found that brought the guest back.</summary>
/// <param name="Epoch">The epoch it restored.</param>
/// <param name="RestoreSeconds">From opening the file to memory complete.</param>
/// <param name="PagesRestored">Pages that hold data.</param>
/// <param name="RecordsChecked">Records of the store that were right.</param>
/// <param name="Writes">Writes that the store counts.</param>
/// <param name="OperationsAfter">Operations done after that, all records checked again.</param>
internal sealed record DemoRestored(long Epoch, double RestoreSeconds, long PagesRestored, long RecordsChecked, long Writes, long OperationsAfter);

/// <summary>All that the demo shows.</summary>
/// <param name="MemoryBytes">The guest's memory: allocated.</param>
/// <param name="ConfiguredBytes">Of that, pages that hold data worth keeping, at the last epoch.</param>
/// <param name="FileBytes">Bytes that the file takes on the disk's books: the sum of what its epochs added.</param>
/// <param name="Epochs">The table.</param>
/// <param name="Restored">How the guest came back.</param>
internal sealed record DemoResult(long MemoryBytes, long ConfiguredBytes, long FileBytes, IReadOnlyList<DemoEpoch> Epochs, DemoRestored Restored);
