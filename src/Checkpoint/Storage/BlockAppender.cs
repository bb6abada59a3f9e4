namespace PageStore.Checkpoint;

/// <summary>
/// Appends blocks to segments: as they are, or sealed. A block is begun, written into, and ended; one at a time. For one thread,
/// allocates nothing per block.
/// </summary>
/// <param name="sealer">Seals the blocks; null leaves them plain.</param>
internal sealed class BlockAppender(BlockSealer? sealer)
{
    // What is to be sealed waits here: the sum must be over the same bytes as the cipher text, which only a copy can promise.
    private readonly byte[] _plain = sealer is null ? [] : new byte[Layout.MaxBlock];
    private SegmentAppender? _target;
    private int _size;
    private long _offset;

    /// <summary>How much longer a stored block is than its content.</summary>
    public int Overhead => sealer is null ? 0 : SealedBlock.Overhead;

    /// <summary>Begins a block.</summary>
    /// <param name="target">The segments that take it.</param>
    /// <param name="size">Its size before it is sealed, a multiple of 16, at most <see cref="Layout.MaxBlock"/>.</param>
    /// <returns>Where its content goes; all of it must be written.</returns>
    public Span<byte> Begin(SegmentAppender target, int size)
    {
        _target = target;
        _size = size;
        if (sealer is null)
        {
            return target.Reserve(size, out _offset);
        }

        return _plain.AsSpan(0, size);
    }

    /// <summary>Ends the block.</summary>
    /// <param name="kind">The kind of the entry that will name it.</param>
    /// <param name="sum">The sum of its plain content.</param>
    /// <param name="type">What the entry says of the page.</param>
    /// <param name="pfn">The page, or <see cref="SealedBlock.NoPage"/>.</param>
    /// <param name="isRaw">Whether a shared block holds the page as it is.</param>
    /// <returns>The entry.</returns>
    public Entry End(EntryKind kind, ContentSum sum, GuestPageType type = GuestPageType.Normal, long pfn = SealedBlock.NoPage, bool isRaw = false)
    {
        int stored = _size + Overhead;
        if (sealer is not null)
        {
            Span<byte> block = _target!.Reserve(stored, out _offset);
            sealer.Seal(_plain.AsSpan(0, _size), block, _offset, kind, pfn);
            sum = SealedBlock.Bind(sum, block);
        }

        _target!.Advance(stored);
        return kind == EntryKind.Raw ? Entry.RawOf(_offset, sum, type)
            : kind == EntryKind.Shared && isRaw ? Entry.RawOf(_offset, sum, type).AsShared()
            : Entry.BlockOf(kind, _offset, stored, sum, type);
    }
}
