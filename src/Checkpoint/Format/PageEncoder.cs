using System.Buffers.Binary;

namespace PageStore.Checkpoint;

/// <summary>Turns the content of pages into entries, and appends what needs a block. For one thread, allocates nothing.</summary>
/// <param name="blocks">Appends the blocks.</param>
/// <param name="raw">Takes whole pages.</param>
/// <param name="packed">Takes packed ones.</param>
/// <param name="codec">Packs pages.</param>
internal sealed class PageEncoder(BlockAppender blocks, SegmentAppender raw, SegmentAppender packed, IPageCodec codec)
{
    /// <summary>
    /// Packing must save an eighth to be worth it: a packed page cannot be mapped into a guest and costs a decode.
    /// </summary>
    private const int WorthShift = 3;

    private readonly byte[] _scratch = new byte[Layout.MaxBlock];

    /// <summary>Stores one page.</summary>
    public Entry Encode(Pfn pfn, ReadOnlySpan<byte> page, GuestPageType type)
    {
        switch (PageClassifier.Classify(page, out ulong word))
        {
            case PageClass.Zero:
                return Entry.ZeroOf(type);
            case PageClass.Repeated:
                return Entry.RepeatedOf(word, type);
            default:
                return TryPack(page, codec, blocks, packed, type, pfn.Value, _scratch) ?? WriteRaw(pfn, page, type);
        }
    }

    /// <summary>
    /// Packs content into a block, if that saves enough. It is packed beside the segments first: a segment must not be taken for
    /// content that turns out not to be worth it.
    /// </summary>
    /// <param name="plain">The content, at most <see cref="Layout.MaxBlock"/>.</param>
    /// <param name="codec">Packs it.</param>
    /// <param name="blocks">Appends the block.</param>
    /// <param name="target">Takes it.</param>
    /// <param name="type">What the entry says of the page.</param>
    /// <param name="pfn">The page, or <see cref="SealedBlock.NoPage"/>.</param>
    /// <param name="scratch">At least as long as the content.</param>
    public static Entry? TryPack(
        ReadOnlySpan<byte> plain, IPageCodec codec, BlockAppender blocks, SegmentAppender target, GuestPageType type, long pfn, Span<byte> scratch)
    {
        int worth = plain.Length - (plain.Length >> WorthShift);
        if (ReferenceEquals(codec, PageCodecs.None) || worth < 2 * Layout.Unit
            || !codec.TryPack(plain, scratch[..(worth - sizeof(ushort))], out int written))
        {
            return null;
        }

        int stored = Layout.RoundToUnit(sizeof(ushort) + written);
        Span<byte> block = blocks.Begin(target, stored);
        BinaryPrimitives.WriteUInt16LittleEndian(block, (ushort)written);
        scratch[..written].CopyTo(block[sizeof(ushort)..]);
        block[(sizeof(ushort) + written)..].Clear();
        return blocks.End(EntryKind.Lz4, ContentSum.Of(plain), type, pfn);
    }

    private Entry WriteRaw(Pfn pfn, ReadOnlySpan<byte> page, GuestPageType type)
    {
        Span<byte> block = blocks.Begin(raw, page.Length);
        page.CopyTo(block);

        // The sum is over the copy: the caller's bytes may be a live guest's.
        return blocks.End(EntryKind.Raw, ContentSum.Of(block), type, pfn.Value);
    }
}
