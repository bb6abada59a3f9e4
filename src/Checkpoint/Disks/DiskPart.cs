namespace PageStore.Checkpoint;

/// <summary>Some pages that were read of a disk, one behind the other.</summary>
/// <param name="Run">Which ones.</param>
/// <param name="Buffer">Where they are, from its beginning on; behind the end of the disk stand zeros. Goes back to the reader.</param>
internal readonly record struct DiskPart(PfnRun Run, byte[] Buffer);
