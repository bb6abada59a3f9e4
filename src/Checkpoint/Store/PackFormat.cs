using System.Buffers.Binary;
using System.Text;

namespace PageStore.Checkpoint;

/// <summary>What a pack file begins with: docs/store.md, "Packs".</summary>
internal static class PackHeader
{
    public const int Size = 512;
    public const int MaxDomainBytes = 255;

    private const ushort Version = 1;
    private const int DomainOffset = 48;
    private const int SumOffset = 504;

    private static ReadOnlySpan<byte> Magic => "PSPACK\r\n"u8;

    public static void Write(Span<byte> destination, Guid store, long number, string domain)
    {
        destination[..Size].Clear();
        Magic.CopyTo(destination);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[8..], Version);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[10..], Size);
        store.TryWriteBytes(destination[16..], bigEndian: true, out _);
        BinaryPrimitives.WriteInt64LittleEndian(destination[32..], number);
        int length = Encoding.UTF8.GetBytes(domain, destination.Slice(DomainOffset, MaxDomainBytes));
        BinaryPrimitives.WriteUInt32LittleEndian(destination[12..], (uint)length);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[SumOffset..], ContentSum.Of(destination[..SumOffset]).Value);
    }

    /// <summary>Whether this is the header of that pack of that store.</summary>
    public static bool IsOf(ReadOnlySpan<byte> source, Guid store, long number) =>
        source.StartsWith(Magic) && BinaryPrimitives.ReadUInt64LittleEndian(source[SumOffset..]) == ContentSum.Of(source[..SumOffset]).Value
        && BinaryPrimitives.ReadUInt16LittleEndian(source[8..]) == Version
        && new Guid(source.Slice(16, 16), bigEndian: true) == store && BinaryPrimitives.ReadInt64LittleEndian(source[32..]) == number;
}

/// <summary>How the content of a block stands in a pack.</summary>
internal enum PackForm : byte
{
    Raw = 0,
    Lz4 = 1,
}

/// <summary>What stands before each block in a pack: docs/store.md, "Packs".</summary>
/// <param name="Hash">The SHA-256 of the plain content.</param>
/// <param name="PlainBytes">The length of the plain content.</param>
/// <param name="StoredBytes">The length of the content as it stands behind this, without padding.</param>
/// <param name="Form">How it stands there.</param>
internal readonly record struct PackBlock(BlockHash Hash, int PlainBytes, int StoredBytes, PackForm Form)
{
    public const int HeadSize = 48;

    private const int SumOffset = 40;

    /// <summary>The bytes of the block, head and padding included.</summary>
    public int TotalBytes => HeadSize + Layout.RoundToUnit(StoredBytes);

    public void Write(Span<byte> destination)
    {
        Hash.Write(destination);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[32..], (uint)PlainBytes | ((uint)Form << 24));
        BinaryPrimitives.WriteUInt32LittleEndian(destination[36..], (uint)StoredBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[SumOffset..], ContentSum.Of(destination[..SumOffset]).Value);
    }

    /// <summary>Reads a head; null where it is none.</summary>
    public static PackBlock? TryRead(ReadOnlySpan<byte> source)
    {
        if (source.Length < HeadSize || BinaryPrimitives.ReadUInt64LittleEndian(source[SumOffset..]) != ContentSum.Of(source[..SumOffset]).Value)
        {
            return null;
        }

        uint plain = BinaryPrimitives.ReadUInt32LittleEndian(source[32..]);
        uint stored = BinaryPrimitives.ReadUInt32LittleEndian(source[36..]);
        var form = (PackForm)(plain >> 24);
        plain &= 0xFFFFFF;
        bool fits = plain is > 0 and <= Layout.MaxBlock && (form == PackForm.Raw ? stored == plain : form == PackForm.Lz4 && stored > 0 && stored < plain);
        return fits ? new PackBlock(BlockHash.Read(source), (int)plain, (int)stored, form) : null;
    }

    /// <summary>Brings the stored content back into its plain form; false where it does not yield exactly that.</summary>
    public bool TryUnpack(ReadOnlySpan<byte> stored, Span<byte> plain)
    {
        if (plain.Length != PlainBytes)
        {
            return false;
        }

        if (Form == PackForm.Lz4)
        {
            return PageCodecs.Lz4.TryUnpack(stored[..StoredBytes], plain);
        }

        stored[..StoredBytes].CopyTo(plain);
        return true;
    }
}
