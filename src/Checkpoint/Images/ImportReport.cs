namespace PageStore.Checkpoint;

/// <summary>What an import did.</summary>
/// <param name="Epoch">The epoch that was committed last.</param>
/// <param name="Format">What the image was.</param>
/// <param name="PageSize">The page size of the file, in bytes.</param>
/// <param name="BytesWritten">How many bytes were appended to the file for the epochs, their records and the directory included.</param>
public sealed record ImportReport(EpochInfo Epoch, ImageFormat Format, int PageSize, long BytesWritten)
{
    /// <summary>How many epochs were committed: more than one of a checkpointed stream.</summary>
    public long Epochs { get; init; } = 1;

    /// <summary>
    /// Whether a checkpointed stream ended before its end, as it does when its sender is gone. What it sent behind the last checkpoint was thrown away.
    /// </summary>
    public bool IsCutOff { get; init; }

    /// <summary>How many records of a checkpointed stream stand behind its end and belong to no epoch: <see cref="XenStreamSummary.RecordsDropped"/>.</summary>
    public long RecordsDropped { get; init; }

    /// <summary>The file's <see cref="CheckpointWriter.RootHash"/> behind the last epoch; null on a host without cryptography.</summary>
    public string? RootHash { get; init; }
}
