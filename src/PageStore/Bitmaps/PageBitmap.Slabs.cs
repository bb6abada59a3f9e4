using System.Buffers;

namespace PageStore;

public sealed partial class PageBitmap
{
    /// <summary>
    /// Lends the words that hold the pages from <paramref name="first"/> to the end of its slab or of the bitmap, for code that
    /// sets bits itself, such as a native dirty log: bit n % 64 (least significant first) of word n / 64 is page
    /// <paramref name="first"/> + n. Walk a whole bitmap by adding <paramref name="bits"/> to <paramref name="first"/> until that is
    /// <see cref="Length"/>. The slab is rented if it was not yet; what the words hold already is part of the set, so OR into them.
    /// </summary>
    /// <param name="first">A multiple of 64 from 0 to <see cref="Length"/> - 1.</param>
    /// <param name="bits">
    /// Receives how many pages the words cover, at least 1 and at most 2^24. Bits behind it in the last word are not part of the
    /// set and may be written with anything.
    /// </param>
    /// <returns>
    /// <c>ceil(bits / 64)</c> words. They stay valid until the next call that can give memory back: <see cref="ClearAll"/>,
    /// <see cref="ClearRange"/>, <see cref="EnsureLength"/>, <see cref="CopyFrom"/>, an operation with another bitmap as the target, or
    /// <see cref="Dispose"/>.
    /// </returns>
    /// <exception cref="ArgumentException"><paramref name="first"/> is no multiple of 64.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="first"/> lies outside the bitmap.</exception>
    public Span<ulong> GetWords(Pfn first, out long bits)
    {
        CheckPage(first);
        BitmapBounds.CheckAligned(first);
        int slab = SlabOf(first);
        Span<ulong> words = Rented(slab).Words;
        bits = SlabStart(slab) + SlabLength(slab) - first.Value;
        return words[(int)(Inside(first).Value >> BitmapBounds.WordShift)..];
    }

    /// <summary>How many slabs hold memory now.</summary>
    internal int RentedSlabs => _slabs.Count(slab => slab is not null);

    private int SlabsFor(long length) => (int)((length + (1L << _slabShift) - 1) >> _slabShift);

    private int SlabOf(Pfn pfn) => (int)(pfn.Value >> _slabShift);

    private Pfn Inside(Pfn pfn) => new(pfn.Value & ((1L << _slabShift) - 1));

    private long SlabStart(int slab) => (long)slab << _slabShift;

    private long SlabLength(int slab) => Math.Min(1L << _slabShift, _length - SlabStart(slab));

    /// <summary>The view of a slab that is there.</summary>
    private PageBitmapSpan View(int slab) => new(_slabs[slab], SlabLength(slab));

    /// <summary>The view of a slab, which is rented if it is not there.</summary>
    private PageBitmapSpan Rented(int slab)
    {
        _slabs[slab] ??= RentClear(SlabLength(slab));
        return View(slab);
    }

    /// <summary>Gives a slab's memory back: all of its pages leave the set.</summary>
    private void Return(int slab)
    {
        if (_slabs[slab] is { } words)
        {
            _slabs[slab] = null;
            ArrayPool<ulong>.Shared.Return(words);
        }
    }

    /// <summary>Makes the last slab <paramref name="bits"/> bits long, the new ones clear.</summary>
    private void GrowSlab(int slab, ulong[] old, long bits)
    {
        PageBitmapSpan before = View(slab);
        ulong[] words = old;
        if (BitmapBounds.WordsFor(bits) > old.Length)
        {
            words = RentClear(bits);
            before.Words.CopyTo(words);
            _slabs[slab] = words;
            ArrayPool<ulong>.Shared.Return(old);
        }

        new PageBitmapSpan(words, bits).ClearRange(new Pfn(before.Length), bits - before.Length);
    }

    private static ulong[] RentClear(long bits)
    {
        int words = (int)BitmapBounds.WordsFor(bits);
        ulong[] rented = ArrayPool<ulong>.Shared.Rent(words);
        rented.AsSpan(0, words).Clear();
        return rented;
    }
}
