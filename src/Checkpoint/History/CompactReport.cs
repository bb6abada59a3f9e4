namespace PageStore.Checkpoint;

/// <summary>What <see cref="CheckpointCompactor"/> did.</summary>
/// <param name="Epochs">How many epochs were brought over: all.</param>
/// <param name="BytesBefore">The length of the file before.</param>
/// <param name="BytesAfter">The length of the file now, or of the new one.</param>
/// <param name="Packs">How many of them have a resume pack, of the plan that it had.</param>
/// <param name="PacksLeft">How many had one and have none now: its plan could not be read at all, or does not fit. <see cref="CheckpointWriter.WritePack"/> makes it anew.</param>
public sealed record CompactReport(long Epochs, long BytesBefore, long BytesAfter, long Packs, long PacksLeft);
