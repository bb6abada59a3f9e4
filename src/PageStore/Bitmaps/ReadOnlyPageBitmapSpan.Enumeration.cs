using System.Numerics;

namespace PageStore;

public readonly ref partial struct ReadOnlyPageBitmapSpan : IWordSource
{
    /// <summary>
    /// Writes the pages of the set at or behind <paramref name="from"/>, ascending, until the view ends or the destination is
    /// nearly full. The fastest way to walk a set: call it with the same <paramref name="from"/> until it returns 0, with room for some
    /// thousand pages.
    /// </summary>
    /// <param name="from">From 0 to <see cref="Length"/>; moves behind the last page looked at, at the end to <see cref="Length"/>.</param>
    /// <param name="destination">Receives page numbers; entries behind the returned count are left alone.</param>
    /// <returns>How many pages were written; 0 only at the end of the set or if the destination is empty.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="from"/> lies outside the view.</exception>
    public int CopySetBits(ref Pfn from, Span<long> destination) => CopySetBits(ref from, 0, destination);

    /// <summary>Enumerates the pages of the set, ascending. Allocates nothing.</summary>
    public SetBitEnumerator SetBits() => new(this);

    /// <summary>Enumerates the longest possible runs of pages of the set, ascending. Allocates nothing.</summary>
    public RunEnumerator Runs() => new(this);

    /// <summary>As the public one, and adds <paramref name="origin"/> to every page number written.</summary>
    internal int CopySetBits(ref Pfn from, long origin, Span<long> destination)
    {
        BitmapBounds.CheckPosition(from, Length);
        int written = 0;
        if ((from.Value & BitmapBounds.BitMask) != 0)
        {
            written = CopyPartOfWord(ref from, origin, destination);
        }

        if ((from.Value & BitmapBounds.BitMask) == 0 && written < destination.Length)
        {
            written += CopyWholeWords(ref from, origin, destination[written..]);
        }

        // Only a word that has more bits than an empty destination holds is cut.
        return written == 0 && from.Value < Length ? CopyPartOfWord(ref from, origin, destination) : written;
    }

    /// <summary>The view of the first <paramref name="length"/> pages.</summary>
    internal ReadOnlyPageBitmapSpan First(long length) => new(_words, length);

    bool IWordSource.TryNextWord(Pfn from, out Pfn start, out ulong word)
    {
        start = from;
        int index = (int)(from.Value >> BitmapBounds.WordShift);
        word = index < Whole.Length ? _words[index] : 0;
        if (word != 0)
        {
            return true;
        }

        if (from.Value >= Length || !TryNextSet(from, out Pfn found))
        {
            return false;
        }

        start = new Pfn(found.Value & ~(long)BitmapBounds.BitMask);
        word = WordAt(start);
        return true;
    }

    ulong IWordSource.WordAt(Pfn start) => WordAt(start);

    Pfn IWordSource.NextClear(Pfn from)
    {
        TryNextClear(from, out Pfn found);
        return found;
    }

    private ulong WordAt(Pfn start)
    {
        int index = (int)(start.Value >> BitmapBounds.WordShift);
        return index < Whole.Length ? _words[index] : index < _words.Length ? Tail : 0;
    }

    private int CopyWholeWords(ref Pfn from, long origin, Span<long> destination)
    {
        ReadOnlySpan<ulong> words = Whole[(int)(from.Value >> BitmapBounds.WordShift)..];
        int written = BitFlattener.Flatten(words, origin + from.Value, destination, out int consumed, BitmapWidths.Widest);
        from += (long)consumed << BitmapBounds.WordShift;
        return written;
    }

    private int CopyPartOfWord(ref Pfn from, long origin, Span<long> destination)
    {
        long start = from.Value & ~(long)BitmapBounds.BitMask;
        long end = Math.Min(start + BitmapBounds.BitMask + 1, Length);
        ulong word = _words[(int)(start >> BitmapBounds.WordShift)] & (ulong.MaxValue << (int)from.Value);
        if ((end & BitmapBounds.BitMask) != 0)
        {
            word &= BitmapBounds.MaskBelow(end);
        }

        int written = BitFlattener.FlattenWord(word, origin + start, destination);
        bool all = written == BitOperations.PopCount(word);
        from = all ? new Pfn(end) : written == 0 ? from : new Pfn(destination[written - 1] - origin + 1);
        return written;
    }

    /// <summary>Walks the pages of a view, ascending.</summary>
    public ref struct SetBitEnumerator
    {
        private readonly ReadOnlyPageBitmapSpan _view;
        private BitCursor _cursor;
        private Pfn _current;

        internal SetBitEnumerator(ReadOnlyPageBitmapSpan view)
        {
            _view = view;
            _cursor = BitCursor.Start;
        }

        /// <summary>The page found last.</summary>
        public readonly Pfn Current => _current;

        /// <summary>The enumerator itself, for <c>foreach</c>.</summary>
        public readonly SetBitEnumerator GetEnumerator() => this;

        /// <summary>Goes to the next page of the set.</summary>
        /// <returns>Whether there is one.</returns>
        public bool MoveNext() => _cursor.TryTakeBit(_view, out _current);
    }

    /// <summary>Walks the runs of a view, ascending.</summary>
    public ref struct RunEnumerator
    {
        private readonly ReadOnlyPageBitmapSpan _view;
        private BitCursor _cursor;
        private PfnRun _current;

        internal RunEnumerator(ReadOnlyPageBitmapSpan view)
        {
            _view = view;
            _cursor = BitCursor.Start;
        }

        /// <summary>The run found last; the pages before and behind it are not in the set.</summary>
        public readonly PfnRun Current => _current;

        /// <summary>The enumerator itself, for <c>foreach</c>.</summary>
        public readonly RunEnumerator GetEnumerator() => this;

        /// <summary>Goes to the next run.</summary>
        /// <returns>Whether there is one.</returns>
        public bool MoveNext() => _cursor.TryTakeRun(_view, out _current);
    }
}
