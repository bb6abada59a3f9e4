namespace PageStore.Checkpoint;

/// <summary>What the import of a disk did.</summary>
/// <param name="Epoch">The epoch that was committed.</param>
/// <param name="PageSize">The page size of the file, in bytes.</param>
/// <param name="Length">The length of the disk in bytes; its last page may be cut off.</param>
/// <param name="PagesRead">How many pages were read of the disk: all but those that are holes, and those that the bitmap leaves out.</param>
/// <param name="BytesWritten">How many bytes were appended to the file for the epoch, its record and the directory included.</param>
public sealed record DiskImportReport(EpochInfo Epoch, int PageSize, long Length, long PagesRead, long BytesWritten)
{
    /// <summary>The bitmap that told what changed since the parent; null where the whole disk was compared.</summary>
    public string? Bitmap { get; init; }

    /// <summary>Why the source's bitmap was not trusted and the whole disk was compared; null where it was trusted, where the source has none, and for a first epoch.</summary>
    public string? WhyWhole { get; init; }

    /// <summary>The file's <see cref="CheckpointWriter.RootHash"/> behind the epoch; null on a host without cryptography.</summary>
    public string? RootHash { get; init; }
}
