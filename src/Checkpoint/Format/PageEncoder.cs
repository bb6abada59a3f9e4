using System.Buffers.Binary;

namespace PageStore.Checkpoint;

/// <summary>Turns the content of pages into entries, and appends what needs a block. For one thread, allocates nothing.</summary>
/// <param name="blocks">Appends the blocks.</param>
/// <param name="raw">Takes whole pages.</param>
/// <param name="packed">Takes packed ones.</param>
/// <param name="codec">Packs pages.</param>
/// <param name="sharing">Finds what is stored already; null stores each page for itself.</param>
/// <param name="outside">Takes pages in the place of the file, which then has only their names; null leaves them in the file.</param>
internal sealed class PageEncoder(
    BlockAppender blocks, SegmentAppender raw, SegmentAppender packed, IPageCodec codec, PageSharing? sharing = null, IBlockStore? outside = null)
{
    /// <summary>
    /// Packing must save an eighth to be worth it: a packed page cannot be mapped into a guest and costs a decode.
    /// </summary>
    private const int WorthShift = 3;

    private readonly byte[] _scratch = new byte[Layout.MaxBlock];

    /// <summary>Whether blocks of an encrypted file are stored so that several pages can name them: a sealed one is bound to one page or to none.</summary>
    public bool StoresForSeveral { get; init; } = sharing is not null;

    private bool AsShared => StoresForSeveral && blocks.Overhead > 0;

    /// <summary>Stores one page.</summary>
    /// <param name="pfn">The page.</param>
    /// <param name="page">Its content.</param>
    /// <param name="type">What the hypervisor says of it.</param>
    /// <param name="before">What the parent has in its place, against which it may be stored as a patch.</param>
    public Entry Encode(Pfn pfn, ReadOnlySpan<byte> page, GuestPageType type, Entry before = default)
    {
        switch (PageClassifier.Classify(page, out ulong word))
        {
            case PageClass.Zero:
                return Entry.ZeroOf(type);
            case PageClass.Repeated:
                return Entry.RepeatedOf(word, type);
            default:
                return outside is not null ? WriteOutside(page, type) : sharing is null ? EncodeWhole(pfn, page, type) : EncodeShared(sharing, pfn, page, type, before);
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
    /// <param name="kind">The kind of the entry.</param>
    public static Entry? TryPack(
        ReadOnlySpan<byte> plain, IPageCodec codec, BlockAppender blocks, SegmentAppender target, GuestPageType type, long pfn, Span<byte> scratch, EntryKind kind = EntryKind.Lz4)
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
        return blocks.End(kind, ContentSum.Of(plain), type, pfn);
    }

    /// <summary>The cheapest first: what is stored already, what differs from it, and all of it.</summary>
    private Entry EncodeShared(PageSharing sharing, Pfn pfn, ReadOnlySpan<byte> page, GuestPageType type, Entry before)
    {
        ContentSum sum = ContentSum.Of(page);
        if ((sharing.Twins.Find(page, sum, type) ?? sharing.Patcher.TryPatch(pfn, page, sum, type, before)) is { } stored)
        {
            return stored;
        }

        Entry whole = EncodeWhole(pfn, page, type);
        sharing.Twins.Add(sum, whole);
        return whole;
    }

    private Entry EncodeWhole(Pfn pfn, ReadOnlySpan<byte> page, GuestPageType type)
    {
        EntryKind kind = AsShared ? EntryKind.Shared : EntryKind.Lz4;
        return TryPack(page, codec, blocks, packed, type, pfn.Value, _scratch, kind) ?? WriteRaw(pfn, page, type);
    }

    private Entry WriteOutside(ReadOnlySpan<byte> page, GuestPageType type)
    {
        // The page comes out of another file, and does not change meanwhile.
        var hash = BlockHash.Of(page);
        outside!.Put(hash, page);
        hash.Write(blocks.Begin(packed, BlockHash.Size));
        return blocks.End(EntryKind.External, ContentSum.Of(page), type);
    }

    private Entry WriteRaw(Pfn pfn, ReadOnlySpan<byte> page, GuestPageType type)
    {
        Span<byte> block = blocks.Begin(raw, page.Length);
        page.CopyTo(block);

        // The sum is over the copy: the caller's bytes may be a live guest's.
        return blocks.End(AsShared ? EntryKind.Shared : EntryKind.Raw, ContentSum.Of(block), type, pfn.Value, isRaw: true);
    }
}
