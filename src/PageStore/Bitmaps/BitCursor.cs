using System.Numerics;
using System.Runtime.CompilerServices;

namespace PageStore;

/// <summary>Something that can be asked for its words, so that a bitmap and a view share their enumeration.</summary>
internal interface IWordSource
{
    /// <summary>The number of pages.</summary>
    long Length { get; }

    /// <summary>Finds the first word that is not 0 at or behind a multiple of 64 that may lie behind the end.</summary>
    bool TryNextWord(Pfn from, out Pfn start, out ulong word);

    /// <summary>The word that begins at a multiple of 64, without bits behind the end; 0 behind the end.</summary>
    ulong WordAt(Pfn start);

    /// <summary>The first clear page at or behind <paramref name="from"/>, or the end.</summary>
    Pfn NextClear(Pfn from);
}

/// <summary>A place in a set of pages, from which set bits or runs are taken, a word at a time.</summary>
internal struct BitCursor
{
    private const long WordBits = BitmapBounds.BitMask + 1;

    // The bits that are still to come of the word that begins at _start.
    private ulong _word;
    private Pfn _start;

    /// <summary>A place before the first page.</summary>
    public static BitCursor Start => new() { _start = new Pfn(-WordBits) };

    /// <summary>Takes the next page of the set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryTakeBit<TSource>(scoped in TSource source, out Pfn found)
        where TSource : IWordSource, allows ref struct
    {
        if (_word == 0 && !source.TryNextWord(_start + WordBits, out _start, out _word))
        {
            found = default;
            return false;
        }

        found = _start + BitOperations.TrailingZeroCount(_word);
        _word &= _word - 1;
        return true;
    }

    /// <summary>Takes the next longest run of pages of the set.</summary>
    public bool TryTakeRun<TSource>(scoped in TSource source, out PfnRun run)
        where TSource : IWordSource, allows ref struct
    {
        if (_word == 0 && !source.TryNextWord(_start + WordBits, out _start, out _word))
        {
            run = default;
            return false;
        }

        int low = BitOperations.TrailingZeroCount(_word);
        Pfn first = _start + low;
        // The shift brings clear bits in from above, so a run that reaches the top of its word is as long as what is left of it.
        int ones = BitOperations.TrailingZeroCount(~(_word >> low));
        Pfn end = first + ones;
        if (low + ones < WordBits)
        {
            _word &= ulong.MaxValue << (low + ones);
        }
        else
        {
            end = Continue(source);
        }

        run = new PfnRun(first, end - first);
        return true;
    }

    /// <summary>Finds the end of a run that reaches the end of its word, and moves to the bits behind it.</summary>
    private Pfn Continue<TSource>(scoped in TSource source)
        where TSource : IWordSource, allows ref struct
    {
        Pfn next = _start + WordBits;
        ulong word = source.WordAt(next);
        Pfn end = (word & 1) == 0 ? next : source.NextClear(next);
        _start = new Pfn(end.Value & ~(long)BitmapBounds.BitMask);
        word = _start == next ? word : source.WordAt(_start);
        _word = word & (ulong.MaxValue << (int)end.Value);
        return end;
    }
}
