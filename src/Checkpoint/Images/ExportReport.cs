namespace PageStore.Checkpoint;

/// <summary>What an export wrote.</summary>
/// <param name="Epoch">The epoch that was exported.</param>
/// <param name="Length">The length of the image in bytes: all pages of the guest, holes included, or the length of the disk.</param>
/// <param name="DataPages">How many pages with data were written; the rest is zero, and in a file a hole.</param>
public sealed record ExportReport(EpochInfo Epoch, long Length, long DataPages);
