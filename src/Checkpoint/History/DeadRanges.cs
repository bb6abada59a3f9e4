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

    /// <summary>The whole blocks of the file system in the ranges, neighbours taken together.</summary>
    public IEnumerable<(long Offset, long Length)> WholeBlocks()
    {
        _ranges.Sort();
        for (int i = 0; i < _ranges.Count;)
        {
            (long start, long end) = _ranges[i];
            for (i++; i < _ranges.Count && _ranges[i].Start <= end; i++)
            {
                end = Math.Max(end, _ranges[i].End);
            }

            long first = (start + BlockBytes - 1) / BlockBytes * BlockBytes;
            long last = end / BlockBytes * BlockBytes;
            if (last > first)
            {
                yield return (first, last - first);
            }
        }
    }
}
