namespace PageStore.Checkpoint;

/// <summary>An epoch record of a damaged file.</summary>
/// <param name="Record">The record.</param>
/// <param name="IsChecked">Whether an entry of a directory gave its sum; else it was found by its form.</param>
internal readonly record struct FoundRecord(EpochRecord Record, bool IsChecked);
