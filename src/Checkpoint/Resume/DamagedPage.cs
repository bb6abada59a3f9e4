namespace PageStore.Checkpoint;

/// <summary>A page of a batch that cannot be had.</summary>
/// <param name="Index">Its place in the batch that was asked for.</param>
/// <param name="Page">The page.</param>
/// <param name="Reason">
/// Why: it, or the index on the way to it, is damaged (<see cref="CorruptDataException"/>), the medium failed there (<see cref="StorageException"/>), or it is stored in a form that
/// this version does not read (<see cref="UnsupportedException"/>).
/// </param>
public readonly record struct DamagedPage(int Index, Pfn Page, PageStoreException Reason);
