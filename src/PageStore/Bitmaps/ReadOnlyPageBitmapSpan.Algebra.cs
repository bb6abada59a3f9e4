using System.Numerics;

namespace PageStore;

public readonly ref partial struct ReadOnlyPageBitmapSpan
{
    /// <summary>Stores the pages that are in both. The destination may be one of the sources, and may not overlap one otherwise.</summary>
    /// <param name="other">A view of the same length.</param>
    /// <param name="destination">At least as long; what it has beyond is left alone.</param>
    /// <exception cref="ArgumentException">
    /// The lengths differ, the destination is too short, or it overlaps a source at another place; nothing was written.
    /// </exception>
    public void And(ReadOnlyPageBitmapSpan other, PageBitmapSpan destination) => Combine<AndOperator>(other, destination);

    /// <summary>Stores the pages that are in either. See <see cref="And"/>.</summary>
    /// <inheritdoc cref="And"/>
    public void Or(ReadOnlyPageBitmapSpan other, PageBitmapSpan destination) => Combine<OrOperator>(other, destination);

    /// <summary>Stores the pages that are in exactly one. See <see cref="And"/>.</summary>
    /// <inheritdoc cref="And"/>
    public void Xor(ReadOnlyPageBitmapSpan other, PageBitmapSpan destination) => Combine<XorOperator>(other, destination);

    /// <summary>Stores the pages that are in this view and not in the other. See <see cref="And"/>.</summary>
    /// <inheritdoc cref="And"/>
    public void AndNot(ReadOnlyPageBitmapSpan other, PageBitmapSpan destination) => Combine<AndNotOperator>(other, destination);

    /// <summary>How many pages are in both; nothing is stored.</summary>
    /// <param name="other">A view of the same length.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public long CountAnd(ReadOnlyPageBitmapSpan other) => Count<AndOperator>(other);

    /// <summary>How many pages are in either; nothing is stored.</summary>
    /// <inheritdoc cref="CountAnd"/>
    public long CountOr(ReadOnlyPageBitmapSpan other) => Count<OrOperator>(other);

    /// <summary>How many pages are in exactly one; nothing is stored.</summary>
    /// <inheritdoc cref="CountAnd"/>
    public long CountXor(ReadOnlyPageBitmapSpan other) => Count<XorOperator>(other);

    /// <summary>How many pages are in this view and not in the other; nothing is stored.</summary>
    /// <inheritdoc cref="CountAnd"/>
    public long CountAndNot(ReadOnlyPageBitmapSpan other) => Count<AndNotOperator>(other);

    internal long Count<TOperator>(ReadOnlyPageBitmapSpan other)
        where TOperator : struct, IWordOperator
    {
        BitmapBounds.CheckSameLength(Length, other.Length);
        // No operator makes a bit of two clear ones, so the tails stay masked.
        return WordKernels.Count<TOperator>(Whole, other.Whole) + BitOperations.PopCount(TOperator.Invoke(Tail, other.Tail));
    }

    internal void Combine<TOperator>(ReadOnlyPageBitmapSpan other, PageBitmapSpan destination)
        where TOperator : struct, IWordOperator
    {
        BitmapBounds.CheckSameLength(Length, other.Length);
        if (destination.Length < Length)
        {
            throw new ArgumentException(
                $"The destination has {destination.Length} pages; the result has {Length}.", nameof(destination));
        }

        Span<ulong> target = destination.Words[.._words.Length];
        CheckOverlap(_words, target);
        CheckOverlap(other._words, target);
        ReadOnlySpan<ulong> whole = Whole;
        WordKernels.Combine<TOperator>(whole, other.Whole, target[..whole.Length]);
        if (whole.Length < target.Length)
        {
            ulong mine = BitmapBounds.MaskBelow(Length);
            target[^1] = (target[^1] & ~mine) | (TOperator.Invoke(_words[^1], other._words[^1]) & mine);
        }
    }

    private static void CheckOverlap(ReadOnlySpan<ulong> source, Span<ulong> target)
    {
        if (source.Overlaps(target, out int offset) && offset != 0)
        {
            throw new ArgumentException("The destination overlaps a source, and does not begin with it.", "destination");
        }
    }
}
