namespace PageStore;

/// <summary>
/// The best of many pages with scores, in order. Holds twice as many as are wanted at most: whenever there are more, the worse half goes.
/// </summary>
internal sealed class Ranking
{
    /// <summary>Bits of a page number: <see cref="Pfn.MaxValue"/>.</summary>
    private const int PageBits = 40;
    private const long PageMask = (1L << PageBits) - 1;

    /// <summary>A positive float without its sign has 31 bits, of which 24 fit beside a page number: its exponent and 16 bits of its fraction.</summary>
    private const int DroppedScoreBits = 7;
    private const ulong ScoreMask = (1UL << (64 - PageBits)) - 1;

    private readonly int _wanted;
    private ulong[] _keys;
    private int _count;

    // Keys from here on are worse than what is held already.
    private ulong _limit;

    /// <summary>Makes a ranking.</summary>
    /// <param name="budget">How many pages are wanted at most.</param>
    /// <param name="expected">How many will be added about, so that no memory is asked for in vain.</param>
    public Ranking(long budget, long expected)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(budget);
        _wanted = (int)Math.Min(budget, Array.MaxLength / 2);
        _keys = new ulong[Math.Min(2L * _wanted, expected)];
        _limit = _wanted == 0 ? 0 : ulong.MaxValue;
    }

    /// <summary>Adds a page. Of pages with one score, the lower number is the better.</summary>
    /// <param name="page">Not added yet.</param>
    /// <param name="score">Not negative; 0 leaves the page out.</param>
    public void Add(Pfn page, float score)
    {
        // The bits of floats that are not negative order like the floats; inverted, the best sorts first. One number sorts quicker than a pair.
        ulong key = (~(ulong)(BitConverter.SingleToUInt32Bits(score) >> DroppedScoreBits) & ScoreMask) << PageBits | (ulong)page.Value;
        if (score > 0 && key < _limit)
        {
            MakeRoom();
            _keys[_count++] = key;
        }
    }

    /// <summary>The pages of the highest scores, highest first. Ends the ranking.</summary>
    public Pfn[] Best()
    {
        Shrink();
        _keys.AsSpan(0, _count).Sort();
        return Array.ConvertAll(_keys[.._count], key => new Pfn((long)key & PageMask));
    }

    private void MakeRoom()
    {
        if (_count < _keys.Length)
        {
            return;
        }

        if (_count >= 2L * _wanted)
        {
            Shrink();
        }
        else
        {
            Array.Resize(ref _keys, (int)Math.Min(2L * _wanted, Math.Max(2L * _count, 16)));
        }
    }

    private void Shrink()
    {
        if (_count <= _wanted)
        {
            return;
        }

        Selection.MoveSmallestFirst(_keys.AsSpan(0, _count), _wanted);
        _limit = Max(_keys.AsSpan(0, _wanted));
        _count = _wanted;
    }

    private static ulong Max(ReadOnlySpan<ulong> keys)
    {
        ulong max = 0;
        foreach (ulong key in keys)
        {
            max = Math.Max(max, key);
        }

        return max;
    }
}
