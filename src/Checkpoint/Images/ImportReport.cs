namespace PageStore.Checkpoint;

/// <summary>What an import did.</summary>
/// <param name="Epoch">The committed epoch.</param>
/// <param name="Format">What the image was.</param>
/// <param name="PageSize">The page size of the file, in bytes.</param>
/// <param name="BytesWritten">How many bytes were appended to the file for the epoch, its record and the directory included.</param>
public sealed record ImportReport(EpochInfo Epoch, ImageFormat Format, int PageSize, long BytesWritten)
{
    /// <summary>The file's <see cref="CheckpointWriter.RootHash"/> behind the epoch; null on a host without cryptography.</summary>
    public string? RootHash { get; init; }
}
