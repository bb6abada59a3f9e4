namespace PageStore;

public sealed partial class PageBitmap : IWordSource
{
    /// <summary>How many pages are in the set.</summary>
    public long Count()
    {
        ThrowIfDisposed();
        long count = 0;
        for (int slab = 0; slab < _slabs.Length; slab++)
        {
            count += _slabs[slab] is null ? 0 : View(slab).AsReadOnly().Count();
        }

        return count;
    }

    /// <summary>Whether at least one page is in the set.</summary>
    public bool Any() => TryNextSet(new Pfn(0), out _);

    /// <summary>Whether no page is in the set.</summary>
    public bool None() => !Any();

    /// <summary>How many pages of <paramref name="run"/> are in the set.</summary>
    /// <param name="run">A run inside the bitmap; it may be empty.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="run"/> does not lie inside the bitmap.</exception>
    public long CountRange(PfnRun run)
    {
        CheckRange(run.First, run.Count);
        long count = 0;
        for (Pfn first = run.First; first < run.End;)
        {
            int slab = SlabOf(first);
            long part = Math.Min(run.End - first, SlabStart(slab) + SlabLength(slab) - first.Value);
            count += _slabs[slab] is null ? 0 : View(slab).AsReadOnly().CountRange(new PfnRun(Inside(first), part));
            first += part;
        }

        return count;
    }

    /// <summary>How many pages of the set lie strictly below <paramref name="pfn"/>.</summary>
    /// <param name="pfn">From 0 to <see cref="Length"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="pfn"/> lies outside.</exception>
    public long Rank(Pfn pfn)
    {
        CheckPosition(pfn);
        return CountRange(new PfnRun(new Pfn(0), pfn.Value));
    }

    /// <summary>Finds the first page of the set at or behind <paramref name="from"/>.</summary>
    /// <param name="from">From 0 to <see cref="Length"/>.</param>
    /// <param name="found">Receives the page, or <see cref="Length"/> if there is none.</param>
    /// <returns>Whether there is one.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="from"/> lies outside.</exception>
    public bool TryNextSet(Pfn from, out Pfn found)
    {
        CheckPosition(from);
        Pfn start = Inside(from);
        for (int slab = SlabOf(from); slab < _slabs.Length; slab++, start = new Pfn(0))
        {
            if (_slabs[slab] is not null && View(slab).AsReadOnly().TryNextSet(start, out found))
            {
                found += SlabStart(slab);
                return true;
            }
        }

        found = new Pfn(_length);
        return false;
    }

    /// <summary>Finds the first page that is not in the set at or behind <paramref name="from"/>.</summary>
    /// <param name="from">From 0 to <see cref="Length"/>.</param>
    /// <param name="found">Receives the page, or <see cref="Length"/> if there is none.</param>
    /// <returns>Whether there is one.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="from"/> lies outside.</exception>
    public bool TryNextClear(Pfn from, out Pfn found)
    {
        CheckPosition(from);
        Pfn start = Inside(from);
        for (int slab = SlabOf(from); slab < _slabs.Length; slab++, start = new Pfn(0))
        {
            found = start;
            if (_slabs[slab] is null ? start.Value < SlabLength(slab) : View(slab).AsReadOnly().TryNextClear(start, out found))
            {
                found += SlabStart(slab);
                return true;
            }
        }

        found = new Pfn(_length);
        return false;
    }

    /// <summary>
    /// Writes the pages of the set at or behind <paramref name="from"/>, ascending, until the set ends or the destination is
    /// nearly full. The fastest way to walk a set: call it with the same <paramref name="from"/> until it returns 0, with room for some
    /// thousand pages.
    /// </summary>
    /// <param name="from">From 0 to <see cref="Length"/>; moves behind the last page looked at, at the end to <see cref="Length"/>.</param>
    /// <param name="destination">Receives page numbers; entries behind the returned count are left alone.</param>
    /// <returns>How many pages were written; 0 only at the end of the set or if the destination is empty.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="from"/> lies outside.</exception>
    public int CopySetBits(ref Pfn from, Span<long> destination)
    {
        CheckPosition(from);
        int written = 0;
        while (from.Value < _length && written < destination.Length)
        {
            int slab = SlabOf(from);
            Pfn inside = Inside(from);
            Pfn end = new(SlabLength(slab));
            if (_slabs[slab] is null)
            {
                inside = end;
            }
            else
            {
                written += View(slab).AsReadOnly().CopySetBits(ref inside, SlabStart(slab), destination[written..]);
            }

            from = inside + SlabStart(slab);
            if (inside < end)
            {
                break;
            }
        }

        return written;
    }

    /// <summary>The numbers of all pages of the set, ascending.</summary>
    internal long[] ToNumbers()
    {
        long[] numbers = new long[Count()];
        Pfn from = new(0);
        for (int done = 0; done < numbers.Length;)
        {
            done += CopySetBits(ref from, numbers.AsSpan(done));
        }

        return numbers;
    }

    /// <summary>Enumerates the pages of the set, ascending. Allocates nothing; changing the set meanwhile may or may not show.</summary>
    public PageBitmapSetBits SetBits()
    {
        ThrowIfDisposed();
        return new PageBitmapSetBits(this);
    }

    /// <summary>
    /// Enumerates the longest possible runs of pages of the set, ascending. Allocates nothing; changing the set meanwhile may or
    /// may not show.
    /// </summary>
    public PageBitmapRuns Runs()
    {
        ThrowIfDisposed();
        return new PageBitmapRuns(this);
    }

    bool IWordSource.TryNextWord(Pfn from, out Pfn start, out ulong word)
    {
        start = from;
        word = ((IWordSource)this).WordAt(from);
        if (word != 0)
        {
            return true;
        }

        if (from.Value >= _length || !TryNextSet(from, out Pfn found))
        {
            return false;
        }

        start = new Pfn(found.Value & ~(long)BitmapBounds.BitMask);
        word = ((IWordSource)this).WordAt(start);
        return true;
    }

    ulong IWordSource.WordAt(Pfn start)
    {
        ThrowIfDisposed();
        if (start.Value >= _length || _slabs[SlabOf(start)] is not { } words)
        {
            return 0;
        }

        ulong word = words[(int)(Inside(start).Value >> BitmapBounds.WordShift)];
        return _length - start.Value > BitmapBounds.BitMask ? word : word & BitmapBounds.MaskBelow(_length);
    }

    Pfn IWordSource.NextClear(Pfn from)
    {
        TryNextClear(from, out Pfn found);
        return found;
    }

    private void CheckPosition(Pfn pfn)
    {
        ThrowIfDisposed();
        BitmapBounds.CheckPosition(pfn, _length);
    }
}
