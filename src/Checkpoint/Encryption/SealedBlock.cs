using System.Buffers.Binary;

namespace PageStore.Checkpoint;

/// <summary>Tests look at what is sealed under which nonce.</summary>
internal delegate void SealObserver(ReadOnlySpan<byte> subkey, ReadOnlySpan<byte> nonce);

/// <summary>What the cipher of a block is bound to beside its content: a block moved elsewhere does not open.</summary>
/// <param name="FileId">The file.</param>
/// <param name="Offset">Its place in the file.</param>
/// <param name="Kind">The kind of the entry that names it.</param>
/// <param name="Pfn">The page, or <see cref="SealedBlock.NoPage"/>.</param>
internal readonly record struct BlockPlace(Guid FileId, long Offset, EntryKind Kind, long Pfn);

/// <summary>The layout of a sealed block: docs/format.md, "Encryption".</summary>
internal static class SealedBlock
{
    /// <summary>Session, counter and four reserved bytes stand before the cipher text.</summary>
    public const int HeadSize = 16;

    public const int TagSize = 16;

    /// <summary>How much longer a sealed block is than the plain one.</summary>
    public const int Overhead = HeadSize + TagSize;

    /// <summary>The first bytes of the block, as they stand there: session and counter. The only size of AES-GCM that is not hashed first.</summary>
    public const int NonceSize = 12;

    /// <summary>The PFN of blocks that are no pages.</summary>
    public const long NoPage = -1;

    public const int AssociatedSize = 33;

    public static uint SessionOf(ReadOnlySpan<byte> block) => BinaryPrimitives.ReadUInt32LittleEndian(block);

    public static bool IsReservedClear(ReadOnlySpan<byte> block) => BinaryPrimitives.ReadUInt32LittleEndian(block[NonceSize..]) == 0;

    /// <summary>
    /// Binds a sum to the sealed block it is of: another block in its place shows, whatever its content. XXH3 alone would not do that, with a
    /// secret seed neither: contents can be chosen whose sums are equal under one seed in about a hundred. A tag is as good as random for each nonce.
    /// </summary>
    /// <param name="sum">The sum of the plain content.</param>
    /// <param name="block">The sealed block.</param>
    public static ContentSum Bind(ContentSum sum, ReadOnlySpan<byte> block) => new(sum.Value ^ TagWord(block));

    /// <summary>The part of a block's tag to which the sum in its entry is bound.</summary>
    public static ulong TagWord(ReadOnlySpan<byte> block) => BinaryPrimitives.ReadUInt64LittleEndian(block[^TagSize..]);

    public static void WriteHead(Span<byte> block, uint session, ulong counter)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(block, session);
        BinaryPrimitives.WriteUInt64LittleEndian(block[4..], counter);
        BinaryPrimitives.WriteUInt32LittleEndian(block[NonceSize..], 0);
    }

    /// <summary>Writes what a block is bound to. One that several pages name is bound to none of them, whichever it is read for.</summary>
    public static void WriteAssociated(Span<byte> destination, in BlockPlace place)
    {
        place.FileId.TryWriteBytes(destination, bigEndian: true, out _);
        BinaryPrimitives.WriteInt64LittleEndian(destination[16..], place.Offset);
        destination[24] = (byte)place.Kind;
        BinaryPrimitives.WriteInt64LittleEndian(destination[25..], place.Kind == EntryKind.Shared ? NoPage : place.Pfn);
    }
}
