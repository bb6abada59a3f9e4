using System.Numerics;

namespace PageStore;

public readonly ref partial struct ReadOnlyPageBitmapSpan
{
    /// <summary>
    /// Writes the pages of the set at or behind <paramref name="from"/>, ascending, until the view or the destination ends. The
    /// fastest way to walk a set: call it with the same <paramref name="from"/> until it returns 0.
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
        while (from.Value < Length && written < destination.Length)
        {
            written += (from.Value & BitmapBounds.BitMask) == 0 && from.Value >> BitmapBounds.WordShift < Whole.Length
                ? CopyWholeWords(ref from, origin, destination[written..])
                : CopyPartOfWord(ref from, origin, destination[written..]);
        }

        return written;
    }

    /// <summary>The view of the first <paramref name="length"/> pages.</summary>
    internal ReadOnlyPageBitmapSpan First(long length) => new(_words, length);

    private int CopyWholeWords(ref Pfn from, long origin, Span<long> destination)
    {
        ReadOnlySpan<ulong> words = Whole[(int)(from.Value >> BitmapBounds.WordShift)..];
        int written = WordKernels.Flatten(words, origin + from.Value, destination, out int consumed);
        from += (long)consumed << BitmapBounds.WordShift;
        return consumed < words.Length ? written + CopyPartOfWord(ref from, origin, destination[written..]) : written;
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

        int written = WordKernels.FlattenWord(word, origin + start, destination);
        bool all = written == BitOperations.PopCount(word);
        from = all ? new Pfn(end) : written == 0 ? from : new Pfn(destination[written - 1] - origin + 1);
        return written;
    }

    /// <summary>Walks the pages of a view, ascending.</summary>
    public ref struct SetBitEnumerator
    {
        private readonly ReadOnlyPageBitmapSpan _view;
        private Pfn _next;

        internal SetBitEnumerator(ReadOnlyPageBitmapSpan view) => _view = view;

        /// <summary>The page found last.</summary>
        public Pfn Current { get; private set; }

        /// <summary>The enumerator itself, for <c>foreach</c>.</summary>
        public readonly SetBitEnumerator GetEnumerator() => this;

        /// <summary>Goes to the next page of the set.</summary>
        /// <returns>Whether there is one.</returns>
        public bool MoveNext()
        {
            if (!_view.TryNextSet(_next, out Pfn found))
            {
                _next = found;
                return false;
            }

            Current = found;
            _next = found + 1;
            return true;
        }
    }

    /// <summary>Walks the runs of a view, ascending.</summary>
    public ref struct RunEnumerator
    {
        private readonly ReadOnlyPageBitmapSpan _view;
        private Pfn _next;

        internal RunEnumerator(ReadOnlyPageBitmapSpan view) => _view = view;

        /// <summary>The run found last; the pages before and behind it are not in the set.</summary>
        public PfnRun Current { get; private set; }

        /// <summary>The enumerator itself, for <c>foreach</c>.</summary>
        public readonly RunEnumerator GetEnumerator() => this;

        /// <summary>Goes to the next run.</summary>
        /// <returns>Whether there is one.</returns>
        public bool MoveNext()
        {
            if (!_view.TryNextSet(_next, out Pfn first))
            {
                _next = first;
                return false;
            }

            _view.TryNextClear(first, out _next);
            Current = new PfnRun(first, _next - first);
            return true;
        }
    }
}
