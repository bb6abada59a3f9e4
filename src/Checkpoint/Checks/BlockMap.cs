namespace PageStore.Checkpoint;

/// <summary>What marking a block found.</summary>
internal enum BlockMark
{
    /// <summary>Nothing was there.</summary>
    New,

    /// <summary>The same block was marked before.</summary>
    Known,

    /// <summary>Another block takes some of its bytes, or the same bytes are index in one place and content in another.</summary>
    Overlap,
}

/// <summary>
/// Which bytes of a file belong to which blocks, marked block by block in any order. Memory grows with the blocks that are marked, not with
/// the file: about a fiftieth of packed and index blocks, hardly anything of raw pages. For one thread.
/// </summary>
/// <param name="granule">Bytes a bit; all blocks begin and end at multiples of it.</param>
internal sealed class BlockMap(int granule)
{
    private readonly Dictionary<long, BlockWindow> _windows = [];
    private BlockWindow? _last;
    private long _lastNumber = -1;

    /// <summary>Marks a block.</summary>
    /// <param name="offset">Where it begins.</param>
    /// <param name="bytes">How many bytes it takes.</param>
    /// <param name="isIndex">Whether it is a node or a record, in place of content.</param>
    public BlockMark Mark(long offset, int bytes, bool isIndex)
    {
        long first = offset / granule;
        long count = bytes / granule;
        BlockWindow window = Window(first);
        int at = Inside(first);
        if (Has(window.Starts, at))
        {
            return IsWhole(first, count) && window.IsIndex(at) == isIndex ? BlockMark.Known : BlockMark.Overlap;
        }

        if (AnyCovered(first, count))
        {
            return BlockMark.Overlap;
        }

        Cover(first, count);
        Put(window.Starts, at);
        if (isIndex)
        {
            Put(window.IndexStarts, at);
        }

        return BlockMark.New;
    }

    /// <summary>Notes that the children of the node that begins here are visited; returns whether that is new.</summary>
    public bool Expand(long offset)
    {
        long first = offset / granule;
        Span<ulong> expanded = Window(first).Expanded;
        bool isNew = !Has(expanded, Inside(first));
        Put(expanded, Inside(first));
        return isNew;
    }

    private static int Inside(long number) => (int)(number & (BlockWindow.Granules - 1));

    private static bool Has(Span<ulong> layer, int at) => ((layer[at >> 6] >> at) & 1) != 0;

    private static void Put(Span<ulong> layer, int at) => layer[at >> 6] |= 1UL << at;

    private BlockWindow Window(long number)
    {
        long window = number >> BlockWindow.GranuleShift;
        if (window != _lastNumber)
        {
            if (!_windows.TryGetValue(window, out _last))
            {
                _last = new BlockWindow();
                _windows.Add(window, _last);
            }

            _lastNumber = window;
        }

        return _last!;
    }

    /// <summary>Whether the block that begins here ends where this one ends.</summary>
    private bool IsWhole(long first, long count)
    {
        long end = first + count;
        for (long number = first; number < end;)
        {
            BlockWindow window = Window(number);
            number = Step(number, end, out int word, out ulong mask);
            ulong starts = window.Starts[word] & mask;
            if ((window.Covered[word] & mask) != mask || (starts != 0 && !IsOnly(starts, word, first)))
            {
                return false;
            }
        }

        BlockWindow behind = Window(end);
        return !Has(behind.Covered, Inside(end)) || Has(behind.Starts, Inside(end));
    }

    /// <summary>Whether the one start in a word is that of the block itself.</summary>
    private static bool IsOnly(ulong starts, int word, long first) => word == Inside(first) >> 6 && starts == 1UL << Inside(first);

    private bool AnyCovered(long first, long count)
    {
        for (long number = first; number < first + count;)
        {
            BlockWindow window = Window(number);
            number = Step(number, first + count, out int word, out ulong mask);
            if ((window.Covered[word] & mask) != 0)
            {
                return true;
            }
        }

        return false;
    }

    private void Cover(long first, long count)
    {
        for (long number = first; number < first + count;)
        {
            BlockWindow window = Window(number);
            number = Step(number, first + count, out int word, out ulong mask);
            window.Covered[word] |= mask;
        }
    }

    /// <summary>The part of a range that lies in one word; returns where the rest begins.</summary>
    private static long Step(long number, long end, out int word, out ulong mask)
    {
        int bit = Inside(number) & 63;
        int bits = (int)Math.Min(64 - bit, end - number);
        word = Inside(number) >> 6;
        mask = (ulong.MaxValue >> (64 - bits)) << bit;
        return number + bits;
    }
}
