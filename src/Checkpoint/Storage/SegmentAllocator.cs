namespace PageStore.Checkpoint;

/// <summary>Hands out segments behind the last one, and keeps account of those that changed since the last commit. For one thread.</summary>
internal sealed class SegmentAllocator(long segmentSize)
{
    private readonly SortedDictionary<long, SegmentEntry> _changed = [];

    /// <summary>How many segments the file has.</summary>
    public long Count { get; private set; }

    /// <summary>The end of the last block in any segment; where no block was appended, the place of the first segment.</summary>
    public long DataEnd { get; private set; } = Layout.SegmentsOffset;

    /// <summary>The accounts that changed since the last commit, by number.</summary>
    public IReadOnlyDictionary<long, SegmentEntry> Changed => _changed;

    /// <summary>Goes to a committed root and forgets what came behind it.</summary>
    public void ResetTo(long count, long dataEnd)
    {
        Count = count;
        DataEnd = dataEnd;
        _changed.Clear();
    }

    /// <summary>Remembers the open segment of a class, so that its account is right when it is used further.</summary>
    public void Reopen(SegmentClass segmentClass, long position)
    {
        if (position != 0)
        {
            Account(SegmentOf(position - 1), segmentClass, position);
        }
    }

    /// <summary>A new segment.</summary>
    /// <returns>The file offset of its first byte.</returns>
    /// <exception cref="StorageException">The file has reached the size that the format can address.</exception>
    public long Take(SegmentClass segmentClass)
    {
        long start = StartOf(Count);
        if (start + segmentSize > Layout.MaxFileBytes)
        {
            throw new StorageException("The checkpoint file has reached 256 TiB, the most that its format can address. Begin a new file.");
        }

        _changed[Count] = new SegmentEntry(segmentClass, 0, 0, 0);
        Count++;
        return start;
    }

    /// <summary>How many bytes of the segment lie behind a position in it, or at its very end.</summary>
    public long RoomBehind(long position) => StartOf(SegmentOf(position - 1) + 1) - position;

    /// <summary>Notes that a segment is now used up to <paramref name="end"/>.</summary>
    public void Use(long end)
    {
        long segment = SegmentOf(end - 1);
        Account(segment, _changed[segment].Class, end);
        DataEnd = Math.Max(DataEnd, end);
    }

    private void Account(long segment, SegmentClass segmentClass, long end)
    {
        long used = end - StartOf(segment);
        _changed[segment] = new SegmentEntry(segmentClass, used, used, 0);
    }

    private long StartOf(long segment) => Layout.SegmentsOffset + (segment * segmentSize);

    private long SegmentOf(long offset) => (offset - Layout.SegmentsOffset) / segmentSize;
}
