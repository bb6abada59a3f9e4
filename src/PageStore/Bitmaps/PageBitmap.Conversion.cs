namespace PageStore;

public sealed partial class PageBitmap
{
    /// <summary>
    /// Adds the pages of a bitmap as Xen (XEN_DOMCTL_shadow_op) and KVM (KVM_GET_DIRTY_LOG) return it: bit n % 8 (least
    /// significant first) of byte n / 8 is page <paramref name="first"/> + n.
    /// </summary>
    /// <param name="littleEndianBits">At least <c>ceil(count / 8)</c> bytes; bits from <paramref name="count"/> on are ignored.</param>
    /// <param name="first">The page of the first bit, a multiple of 64.</param>
    /// <param name="count">How many bits to take.</param>
    /// <exception cref="ArgumentException">
    /// There are fewer than <paramref name="count"/> bits, or <paramref name="first"/> is no multiple of 64; nothing was changed.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">The range does not lie inside the bitmap; nothing was changed.</exception>
    public void OrBytes(ReadOnlySpan<byte> littleEndianBits, Pfn first, long count)
    {
        CheckRange(first, count);
        BitmapBounds.CheckAligned(first);
        BitmapBounds.CheckBytes(littleEndianBits.Length, count);
        while (count > 0)
        {
            int slab = SlabOf(first);
            long part = Math.Min(count, SlabStart(slab) + SlabLength(slab) - first.Value);
            int bytes = (int)((part + 7) >> 3);
            // What is clear need not be rented.
            if (_slabs[slab] is not null || littleEndianBits[..bytes].ContainsAnyExcept((byte)0))
            {
                Rented(slab).OrBytes(littleEndianBits[..bytes], Inside(first), part);
            }

            littleEndianBits = littleEndianBits[bytes..];
            first += part;
            count -= part;
        }
    }

    /// <summary>Adds the pages of every region, as a page-table scan reports them. Regions may overlap and come in any order.</summary>
    /// <param name="regions">Runs inside the bitmap; an empty one adds nothing.</param>
    /// <exception cref="ArgumentOutOfRangeException">A region does not lie inside the bitmap; nothing was changed.</exception>
    public void SetRegions(ReadOnlySpan<PfnRun> regions)
    {
        ThrowIfDisposed();
        foreach (PfnRun region in regions)
        {
            BitmapBounds.CheckRange(region.First, region.Count, _length);
        }

        foreach (PfnRun region in regions)
        {
            SetRange(region.First, region.Count);
        }
    }

    /// <summary>Copies the bits of <paramref name="count"/> pages from a multiple of 64 on; bits behind them in the last word are unspecified.</summary>
    internal void CopyWords(Pfn first, long count, Span<ulong> destination)
    {
        CheckRange(first, count);
        BitmapBounds.CheckAligned(first);
        while (count > 0)
        {
            int slab = SlabOf(first);
            long part = Math.Min(count, SlabStart(slab) + SlabLength(slab) - first.Value);
            int words = (int)BitmapBounds.WordsFor(part);
            if (_slabs[slab] is null)
            {
                destination[..words].Clear();
            }
            else
            {
                View(slab).Words.Slice((int)(Inside(first).Value >> BitmapBounds.WordShift), words).CopyTo(destination);
            }

            destination = destination[words..];
            first += part;
            count -= part;
        }
    }
}
