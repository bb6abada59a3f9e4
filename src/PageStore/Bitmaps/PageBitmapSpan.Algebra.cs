namespace PageStore;

public readonly ref partial struct PageBitmapSpan
{
    /// <summary>Keeps the pages that are in the other view too.</summary>
    /// <param name="other">A view of the same length.</param>
    /// <exception cref="ArgumentException">The lengths differ, or the views overlap and do not begin together; nothing was changed.</exception>
    public void And(ReadOnlyPageBitmapSpan other) => AsReadOnly().Combine<AndOperator>(other, this);

    /// <summary>Adds the pages of the other view.</summary>
    /// <param name="other">A view that is not longer than this one.</param>
    /// <exception cref="ArgumentException">
    /// The other is longer, or the views overlap and do not begin together; nothing was changed.
    /// </exception>
    public void Or(ReadOnlyPageBitmapSpan other)
    {
        if (other.Length > Length)
        {
            BitmapBounds.CheckSameLength(Length, other.Length);
        }

        AsReadOnly().First(other.Length).Combine<OrOperator>(other, this);
    }

    /// <summary>Keeps the pages that are in exactly one of the views.</summary>
    /// <inheritdoc cref="And"/>
    public void Xor(ReadOnlyPageBitmapSpan other) => AsReadOnly().Combine<XorOperator>(other, this);

    /// <summary>Takes the pages of the other view out.</summary>
    /// <inheritdoc cref="And"/>
    public void AndNot(ReadOnlyPageBitmapSpan other) => AsReadOnly().Combine<AndNotOperator>(other, this);
}
