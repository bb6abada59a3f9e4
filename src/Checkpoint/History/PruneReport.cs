namespace PageStore.Checkpoint;

/// <summary>What <see cref="CheckpointWriter.Prune"/> did.</summary>
/// <param name="Dropped">The epochs that are no more, by ascending id.</param>
/// <param name="DeadBytes">How many bytes only they reached.</param>
/// <param name="ReturnedBytes">
/// How many bytes were given back to the file system, less those that pages which were moved together take anew. Dead ones of earlier times are included, and so are
/// free segments that another writer gave back before.
/// </param>
/// <param name="IsHeldByReaders">Whether somebody still reads what was there before, so that space had to be left for later.</param>
/// <param name="PinnedBytes">
/// How many bytes of the dropped epochs' pages stay because pages of kept ones are stored as what differs from them. Where much of a segment is dead, a prune that returns space stores such
/// pages whole, and they are free.
/// </param>
public sealed record PruneReport(IReadOnlyList<EpochId> Dropped, long DeadBytes, long ReturnedBytes, bool IsHeldByReaders, long PinnedBytes = 0);
