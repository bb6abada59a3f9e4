namespace PageStore.Checkpoint;

/// <summary>Ranges of the file that nothing reaches any more, to be given back to the file system. For one thread.</summary>
internal sealed class DeadRanges
{
    /// <summary>The block of the file systems in use: less than one cannot be given back.</summary>
    private const long BlockBytes = 4096;

    private readonly List<(long Start, long End)> _ranges = [];

    /// <summary>How many bytes there are.</summary>
    public long Bytes { get; private set; }

    public void Add(long offset, int bytes)
    {
        Bytes += bytes;
        if (_ranges.Count > 0 && _ranges[^1].End == offset)
        {
            _ranges[^1] = (_ranges[^1].Start, offset + bytes);
        }
        else
        {
            _ranges.Add((offset, offset + bytes));
        }
    }

    /// <summary>Takes over the ranges of another.</summary>
    public void Add(DeadRanges others)
    {
        Bytes += others.Bytes;
        _ranges.AddRange(others._ranges);
    }

    /// <summary>The whole blocks of the file system in the ranges, neighbours in one segment taken together.</summary>
    public IEnumerable<(long Offset, long Length)> WholeBlocks(SegmentAllocator segments)
    {
        _ranges.Sort();
        for (int i = 0; i < _ranges.Count;)
        {
            (long start, long end) = _ranges[i];
            for (i++; i < _ranges.Count && _ranges[i].Start <= end; i++)
            {
                end = Math.Max(end, _ranges[i].End);
            }

            // No block goes over the end of its segment, but neighbours may.
            for (long part = start; part < end;)
            {
                long partEnd = Math.Min(end, part + segments.RoomBehind(part + 1) + 1);
                long first = (part + BlockBytes - 1) / BlockBytes * BlockBytes;
                long last = partEnd / BlockBytes * BlockBytes;
                if (last > first)
                {
                    yield return (first, last - first);
                }

                part = partEnd;
            }
        }
    }
}
