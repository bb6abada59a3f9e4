using System.Buffers;

namespace PageStore;

/// <summary>
/// A set of pages, one bit a page: 32 MiB for a guest of 1 TiB. Memory is rented from <see cref="ArrayPool{T}.Shared"/> in slabs of
/// 2^24 bits (2 MiB), each when a bit in it is set for the first time, so that 2^40 pages can be expressed and only
/// the parts in use cost anything.
/// Not thread-safe; reading from several threads is, while nobody writes. <see cref="Dispose"/> gives the slabs back; every other
/// member then throws <see cref="ObjectDisposedException"/>.
/// </summary>
public sealed partial class PageBitmap : IDisposable
{
    /// <summary>log2 of the bits in a slab: 2^24 bits are 2 MiB, one huge page, and 16 of them are the bitmap of a 1 TiB guest.</summary>
    internal const int DefaultSlabShift = 24;

    private readonly int _slabShift;

    // A missing slab is all clear. The last one is rented for the bits below Length only. Bits at and behind Length inside its last
    // word are unspecified, since GetWords lends them out: everything reads through views, which never look at them.
    private ulong[]?[] _slabs;
    private bool _disposed;
    private long _length;

    /// <summary>Makes a bitmap of <paramref name="length"/> bits, all clear. Rents nothing.</summary>
    /// <param name="length">The number of pages it covers, from 0 to <see cref="Pfn.MaxValue"/> + 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is out of range.</exception>
    public PageBitmap(long length)
        : this(length, DefaultSlabShift)
    {
    }

    /// <summary>Makes a bitmap with slabs of another size, so that tests reach their borders.</summary>
    internal PageBitmap(long length, int slabShift)
    {
        CheckLength(length);
        _slabShift = slabShift;
        _length = length;
        _slabs = new ulong[]?[SlabsFor(length)];
    }

    /// <summary>The number of pages it covers.</summary>
    /// <exception cref="ObjectDisposedException">The bitmap is disposed.</exception>
    public long Length
    {
        get
        {
            ThrowIfDisposed();
            return _length;
        }
    }

    /// <summary>Makes the bitmap cover at least <paramref name="length"/> pages; the new ones are not in the set. Never shrinks.</summary>
    /// <param name="length">From 0 to <see cref="Pfn.MaxValue"/> + 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is out of range.</exception>
    public void EnsureLength(long length)
    {
        ThrowIfDisposed();
        CheckLength(length);
        if (length <= _length)
        {
            return;
        }

        int last = _slabs.Length - 1;
        if (last >= 0 && _slabs[last] is { } old)
        {
            GrowSlab(last, old, Math.Min(length - SlabStart(last), 1L << _slabShift));
        }

        Array.Resize(ref _slabs, SlabsFor(length));
        _length = length;
    }

    /// <summary>Adds <paramref name="pfn"/>.</summary>
    /// <param name="pfn">From 0 to <see cref="Length"/> - 1.</param>
    /// <returns>Whether it was not in the set before.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="pfn"/> lies outside the bitmap.</exception>
    public bool Set(Pfn pfn)
    {
        CheckPage(pfn);
        int slab = SlabOf(pfn);
        return Rented(slab).Set(Inside(pfn));
    }

    /// <summary>Takes <paramref name="pfn"/> out.</summary>
    /// <param name="pfn">From 0 to <see cref="Length"/> - 1.</param>
    /// <returns>Whether it was in the set before.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="pfn"/> lies outside the bitmap.</exception>
    public bool Clear(Pfn pfn)
    {
        CheckPage(pfn);
        int slab = SlabOf(pfn);
        return _slabs[slab] is not null && View(slab).Clear(Inside(pfn));
    }

    /// <summary>Whether <paramref name="pfn"/> is in the set.</summary>
    /// <param name="pfn">From 0 to <see cref="Length"/> - 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="pfn"/> lies outside the bitmap.</exception>
    public bool Contains(Pfn pfn)
    {
        CheckPage(pfn);
        ulong[]? words = _slabs[SlabOf(pfn)];
        return words is not null && (words[(int)(Inside(pfn).Value >> BitmapBounds.WordShift)] >> (int)pfn.Value & 1) != 0;
    }

    /// <summary>Adds <paramref name="count"/> pages from <paramref name="first"/> on.</summary>
    /// <param name="first">The first page.</param>
    /// <param name="count">How many, from 0 up.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range does not lie inside the bitmap; nothing was changed.</exception>
    public void SetRange(Pfn first, long count)
    {
        CheckRange(first, count);
        while (count > 0)
        {
            int slab = SlabOf(first);
            long part = Math.Min(count, SlabStart(slab) + SlabLength(slab) - first.Value);
            Rented(slab).SetRange(Inside(first), part);
            first += part;
            count -= part;
        }
    }

    /// <summary>Takes <paramref name="count"/> pages from <paramref name="first"/> on out.</summary>
    /// <param name="first">The first page.</param>
    /// <param name="count">How many, from 0 up.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range does not lie inside the bitmap; nothing was changed.</exception>
    public void ClearRange(Pfn first, long count)
    {
        CheckRange(first, count);
        while (count > 0)
        {
            int slab = SlabOf(first);
            long part = Math.Min(count, SlabStart(slab) + SlabLength(slab) - first.Value);
            if (part == SlabLength(slab))
            {
                Return(slab);
            }
            else if (_slabs[slab] is not null)
            {
                View(slab).ClearRange(Inside(first), part);
            }

            first += part;
            count -= part;
        }
    }

    /// <summary>Adds every page. This rents all of the bitmap's memory.</summary>
    public void SetAll() => SetRange(new Pfn(0), Length);

    /// <summary>Takes every page out, and gives the memory back.</summary>
    public void ClearAll()
    {
        ThrowIfDisposed();
        for (int slab = 0; slab < _slabs.Length; slab++)
        {
            Return(slab);
        }
    }

    /// <summary>Gives the memory back. May be called again.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        ClearAll();
        _disposed = true;
        _slabs = [];
    }

    internal static void CheckLength(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Pfn.MaxValue + 1);
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_disposed, this);

    private void CheckPage(Pfn pfn)
    {
        ThrowIfDisposed();
        BitmapBounds.CheckPage(pfn, _length);
    }

    private void CheckRange(Pfn first, long count)
    {
        ThrowIfDisposed();
        BitmapBounds.CheckRange(first, count, _length);
    }
}
