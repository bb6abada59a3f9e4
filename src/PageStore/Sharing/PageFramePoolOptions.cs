namespace PageStore;

/// <summary>How a <see cref="PageFramePool"/> keeps the bytes of images.</summary>
public sealed record PageFramePoolOptions
{
    /// <summary>The smallest block: a cache line. Less would spend more on counting a block than on its bytes.</summary>
    public const int MinBlockSize = 64;

    /// <summary>The largest block: the smallest page.</summary>
    public const int MaxBlockSize = PageSizes.Min;

    /// <summary>
    /// The unit of sharing in bytes, a power of two from <see cref="MinBlockSize"/> to <see cref="MaxBlockSize"/>. Small blocks copy less for each write that breaks sharing, and cost more for each
    /// byte that is kept: an image has 4 bytes for each block, and a frame 6 for its count and its place in the free list.
    /// The default of 512, an eighth of the smallest page, costs 2 % of what it keeps; 64 would cost 16 %, and 4096 eight times the copy for a write of a word.
    /// </summary>
    public int BlockSize { get; init; } = 512;

    /// <summary>How many bytes the frames in use may have together, from <see cref="BlockSize"/> up; null for as many as the host bears. A write that needs more throws <see cref="CapacityException"/>.</summary>
    public long? Capacity { get; init; }

    /// <summary>The size of a slab as log2, so that tests reach the borders.</summary>
    internal int SlabShift { get; init; } = FrameSlab.DefaultShift;

    internal void Validate()
    {
        if (BlockSize is < MinBlockSize or > MaxBlockSize || !int.IsPow2(BlockSize))
        {
            throw new ArgumentOutOfRangeException(nameof(BlockSize), BlockSize, $"A block has a power of two from {MinBlockSize} to {MaxBlockSize} bytes.");
        }

        if (Capacity is { } capacity)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(capacity, BlockSize, nameof(Capacity));
        }
    }
}
