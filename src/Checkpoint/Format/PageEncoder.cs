using System.Buffers.Binary;

namespace PageStore.Checkpoint;

/// <summary>Turns the content of pages into entries, and appends what needs a block. For one thread, allocates nothing.</summary>
internal sealed class PageEncoder(SegmentAppender raw, SegmentAppender packed, IPageCodec codec)
{
    /// <summary>
    /// Packing must save an eighth to be worth it: a packed page cannot be mapped into a guest and costs a decode.
    /// </summary>
    private const int WorthShift = 3;

    private readonly byte[] _scratch = new byte[Layout.MaxBlock];

    /// <summary>Stores one page.</summary>
    public Entry Encode(ReadOnlySpan<byte> page, GuestPageType type)
    {
        switch (PageClassifier.Classify(page, out ulong word))
        {
            case PageClass.Zero:
                return Entry.ZeroOf(type);
            case PageClass.Repeated:
                return Entry.RepeatedOf(word, type);
            default:
                return TryPack(page, codec, packed, type, _scratch) ?? WriteRaw(page, type);
        }
    }

    /// <summary>
    /// Packs content into a block, if that saves enough. It is packed beside the segments first: a segment must not be taken for
    /// content that turns out not to be worth it.
    /// </summary>
    /// <param name="plain">The content, at most <see cref="Layout.MaxBlock"/>.</param>
    /// <param name="codec">Packs it.</param>
    /// <param name="target">Takes the block.</param>
    /// <param name="type">What the entry says of the page.</param>
    /// <param name="scratch">At least as long as the content.</param>
    public static Entry? TryPack(ReadOnlySpan<byte> plain, IPageCodec codec, SegmentAppender target, GuestPageType type, Span<byte> scratch)
    {
        int worth = plain.Length - (plain.Length >> WorthShift);
        if (ReferenceEquals(codec, PageCodecs.None) || worth < 2 * Layout.Unit
            || !codec.TryPack(plain, scratch[..(worth - sizeof(ushort))], out int written))
        {
            return null;
        }

        int stored = Layout.RoundToUnit(sizeof(ushort) + written);
        Span<byte> block = target.Reserve(stored, out long offset);
        BinaryPrimitives.WriteUInt16LittleEndian(block, (ushort)written);
        scratch[..written].CopyTo(block[sizeof(ushort)..]);
        block[(sizeof(ushort) + written)..].Clear();
        target.Advance(stored);
        return Entry.BlockOf(EntryKind.Lz4, offset, stored, ContentSum.Of(plain), type);
    }

    private Entry WriteRaw(ReadOnlySpan<byte> page, GuestPageType type)
    {
        Span<byte> block = raw.Reserve(page.Length, out long offset);
        page.CopyTo(block);

        // The sum is over the copy: the caller's bytes may be a live guest's.
        var entry = Entry.RawOf(offset, ContentSum.Of(block), type);
        raw.Advance(page.Length);
        return entry;
    }
}
