namespace PageStore.Checkpoint;

/// <summary>What a server agreed to in the handshake.</summary>
/// <param name="Length">The length of the export in bytes.</param>
/// <param name="MinBlock">Requests begin and end at multiples of this.</param>
/// <param name="MaxPayload">The most bytes of one read.</param>
/// <param name="IsStructured">Whether replies come in chunks.</param>
/// <param name="AllocationId">The number of the context base:allocation; null where the server has it not.</param>
/// <param name="BitmapId">The number of the bitmap's context; null where none was asked for.</param>
internal sealed record NbdExport(long Length, int MinBlock, int MaxPayload, bool IsStructured, uint? AllocationId, uint? BitmapId);
