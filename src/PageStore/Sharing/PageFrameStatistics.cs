namespace PageStore;

/// <summary>What a <see cref="PageFramePool"/> holds. While images are used, the figures are of slightly different moments.</summary>
/// <param name="Images">Images that are not disposed.</param>
/// <param name="Nodes">Nodes of their trees, each counted once however many images share it.</param>
/// <param name="Frames">Frames in use, each counted once however many images share it. A block of zeros has none.</param>
/// <param name="FrameBytes">The bytes of these frames: what counts against <see cref="PageFramePoolOptions.Capacity"/>.</param>
/// <param name="Slabs">Slabs that hold memory; at most one of them is empty.</param>
/// <param name="SlabBytes">Their bytes.</param>
public readonly record struct PageFrameStatistics(long Images, long Nodes, long Frames, long FrameBytes, int Slabs, long SlabBytes);
