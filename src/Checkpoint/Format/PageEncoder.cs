using System.Buffers.Binary;

namespace PageStore.Checkpoint;

/// <summary>Turns the content of pages into entries, and appends what needs a block. For one thread, allocates nothing.</summary>
internal sealed class PageEncoder(SegmentAppender raw, SegmentAppender packed, IPageCodec codec)
{
    /// <summary>
    /// Packing must save an eighth to be worth it: a packed page cannot be mapped into a guest and costs a decode.
    /// </summary>
    private const int WorthShift = 3;

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
                return TryPack(page, codec, packed, type) ?? WriteRaw(page, type);
        }
    }

    /// <summary>Packs content into a block, if that saves enough.</summary>
    public static Entry? TryPack(ReadOnlySpan<byte> plain, IPageCodec codec, SegmentAppender target, GuestPageType type)
    {
        int worth = plain.Length - (plain.Length >> WorthShift);
        if (ReferenceEquals(codec, PageCodecs.None) || worth < 2 * Layout.Unit)
        {
            return null;
        }

        Span<byte> block = target.Reserve(Layout.RoundToUnit(worth), out long offset);
        if (!codec.TryPack(plain, block[sizeof(ushort)..worth], out int written))
        {
            return null;
        }

        BinaryPrimitives.WriteUInt16LittleEndian(block, (ushort)written);
        int stored = Layout.RoundToUnit(sizeof(ushort) + written);
        block[(sizeof(ushort) + written)..stored].Clear();
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
