namespace PageStore.Checkpoint;

/// <summary>What <see cref="CheckpointCompactor"/> did.</summary>
/// <param name="Epochs">How many epochs were brought over: all.</param>
/// <param name="BytesBefore">The length of the file before.</param>
/// <param name="BytesAfter">The length of the file now, or of the new one.</param>
public sealed record CompactReport(long Epochs, long BytesBefore, long BytesAfter);
