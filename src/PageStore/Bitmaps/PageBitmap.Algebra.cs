namespace PageStore;

public sealed partial class PageBitmap
{
    /// <summary>Keeps the pages that are in <paramref name="other"/> too.</summary>
    /// <param name="other">A bitmap of the same length.</param>
    /// <exception cref="ArgumentException">The lengths differ; nothing was changed.</exception>
    public void And(PageBitmap other)
    {
        CheckSameLength(other);
        for (int slab = 0; slab < _slabs.Length; slab++)
        {
            if (other._slabs[slab] is null)
            {
                Return(slab);
            }
            else if (_slabs[slab] is not null)
            {
                View(slab).And(other.View(slab));
            }
        }
    }

    /// <summary>Adds the pages of <paramref name="other"/>.</summary>
    /// <param name="other">A bitmap that is not longer than this one.</param>
    /// <exception cref="ArgumentException">The other is longer; nothing was changed.</exception>
    public void Or(PageBitmap other)
    {
        CheckUsable(other);
        if (other._length > _length)
        {
            BitmapBounds.CheckSameLength(_length, other._length);
        }

        for (int slab = 0; slab < other._slabs.Length; slab++)
        {
            if (other._slabs[slab] is not null)
            {
                Rented(slab).Or(other.View(slab));
            }
        }
    }

    /// <summary>Keeps the pages that are in exactly one of the bitmaps.</summary>
    /// <inheritdoc cref="And(PageBitmap)"/>
    public void Xor(PageBitmap other)
    {
        CheckSameLength(other);
        for (int slab = 0; slab < _slabs.Length; slab++)
        {
            if (other._slabs[slab] is not null)
            {
                Rented(slab).Xor(other.View(slab));
            }
        }
    }

    /// <summary>Takes the pages of <paramref name="other"/> out.</summary>
    /// <inheritdoc cref="And(PageBitmap)"/>
    public void AndNot(PageBitmap other)
    {
        CheckSameLength(other);
        for (int slab = 0; slab < _slabs.Length; slab++)
        {
            if (_slabs[slab] is not null && other._slabs[slab] is not null)
            {
                View(slab).AndNot(other.View(slab));
            }
        }
    }

    /// <summary>Makes a bitmap of the same length with the same pages.</summary>
    /// <returns>The caller disposes it.</returns>
    public PageBitmap Copy()
    {
        var copy = new PageBitmap(Length);
        copy.CopyFrom(this);
        return copy;
    }

    /// <summary>Makes this set equal to <paramref name="other"/>.</summary>
    /// <inheritdoc cref="And(PageBitmap)"/>
    public void CopyFrom(PageBitmap other)
    {
        CheckSameLength(other);
        for (int slab = 0; slab < _slabs.Length; slab++)
        {
            if (other._slabs[slab] is null)
            {
                Return(slab);
            }
            else
            {
                other.View(slab).Words.CopyTo(Rented(slab).Words);
            }
        }
    }

    /// <summary>Whether both bitmaps hold the same pages; bitmaps of different lengths never do.</summary>
    /// <param name="other">The other bitmap.</param>
    public bool SetEquals(PageBitmap other)
    {
        CheckUsable(other);
        return _length == other._length && CountXor(this, other) == 0;
    }

    /// <summary>Makes <paramref name="destination"/> the pages that are in both. It may be one of the two.</summary>
    /// <param name="a">The first bitmap.</param>
    /// <param name="b">The second, of the same length.</param>
    /// <param name="destination">A bitmap of the same length.</param>
    /// <exception cref="ArgumentException">The lengths differ; nothing was changed.</exception>
    public static void And(PageBitmap a, PageBitmap b, PageBitmap destination) => Combine<AndOperator>(a, b, destination);

    /// <summary>Makes <paramref name="destination"/> the pages that are in either. It may be one of the two.</summary>
    /// <inheritdoc cref="And(PageBitmap, PageBitmap, PageBitmap)"/>
    public static void Or(PageBitmap a, PageBitmap b, PageBitmap destination) => Combine<OrOperator>(a, b, destination);

    /// <summary>Makes <paramref name="destination"/> the pages that are in exactly one. It may be one of the two.</summary>
    /// <inheritdoc cref="And(PageBitmap, PageBitmap, PageBitmap)"/>
    public static void Xor(PageBitmap a, PageBitmap b, PageBitmap destination) => Combine<XorOperator>(a, b, destination);

    /// <summary>Makes <paramref name="destination"/> the pages that are in the first and not in the second. It may be one of them.</summary>
    /// <inheritdoc cref="And(PageBitmap, PageBitmap, PageBitmap)"/>
    public static void AndNot(PageBitmap a, PageBitmap b, PageBitmap destination) => Combine<AndNotOperator>(a, b, destination);

    /// <summary>How many pages are in both; nothing is stored.</summary>
    /// <param name="a">The first bitmap.</param>
    /// <param name="b">The second, of the same length.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static long CountAnd(PageBitmap a, PageBitmap b) => Count<AndOperator>(a, b);

    /// <summary>How many pages are in either; nothing is stored.</summary>
    /// <inheritdoc cref="CountAnd"/>
    public static long CountOr(PageBitmap a, PageBitmap b) => Count<OrOperator>(a, b);

    /// <summary>How many pages are in exactly one; nothing is stored.</summary>
    /// <inheritdoc cref="CountAnd"/>
    public static long CountXor(PageBitmap a, PageBitmap b) => Count<XorOperator>(a, b);

    /// <summary>How many pages are in the first and not in the second; nothing is stored.</summary>
    /// <inheritdoc cref="CountAnd"/>
    public static long CountAndNot(PageBitmap a, PageBitmap b) => Count<AndNotOperator>(a, b);

    private static void Combine<TOperator>(PageBitmap a, PageBitmap b, PageBitmap destination)
        where TOperator : struct, IWordOperator
    {
        a.CheckSameLength(b);
        a.CheckSameLength(destination);
        for (int slab = 0; slab < a._slabs.Length; slab++)
        {
            if (a._slabs[slab] is null && b._slabs[slab] is null)
            {
                destination.Return(slab);
            }
            else if (a._slabs[slab] is not null && b._slabs[slab] is not null)
            {
                a.View(slab).AsReadOnly().Combine<TOperator>(b.View(slab), destination.Rented(slab));
            }
            else
            {
                CombineWithMissing<TOperator>(a, b, destination, slab);
            }
        }
    }

    /// <summary>Combines a slab that one side has and the other has not: the result is that slab, or nothing.</summary>
    private static void CombineWithMissing<TOperator>(PageBitmap a, PageBitmap b, PageBitmap destination, int slab)
        where TOperator : struct, IWordOperator
    {
        if (!KeepsLone<TOperator>(a._slabs[slab] is not null))
        {
            destination.Return(slab);
            return;
        }

        PageBitmap lone = a._slabs[slab] is not null ? a : b;
        lone.View(slab).Words.CopyTo(destination.Rented(slab).Words);
    }

    private static long Count<TOperator>(PageBitmap a, PageBitmap b)
        where TOperator : struct, IWordOperator
    {
        a.CheckSameLength(b);
        long count = 0;
        for (int slab = 0; slab < a._slabs.Length; slab++)
        {
            bool left = a._slabs[slab] is not null;
            bool right = b._slabs[slab] is not null;
            if (left && right)
            {
                count += a.View(slab).AsReadOnly().Count<TOperator>(b.View(slab));
            }
            else if (left != right && KeepsLone<TOperator>(left))
            {
                count += (left ? a : b).View(slab).AsReadOnly().Count();
            }
        }

        return count;
    }

    /// <summary>Whether the operation keeps a bit that only one side has.</summary>
    private static bool KeepsLone<TOperator>(bool left)
        where TOperator : struct, IWordOperator =>
        TOperator.Invoke(left ? 1UL : 0, left ? 0UL : 1) != 0;

    private void CheckSameLength(PageBitmap other)
    {
        CheckUsable(other);
        BitmapBounds.CheckSameLength(_length, other._length);
    }

    private void CheckUsable(PageBitmap other)
    {
        ArgumentNullException.ThrowIfNull(other);
        ThrowIfDisposed();
        other.ThrowIfDisposed();
    }
}
