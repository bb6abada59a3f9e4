namespace PageStore.FormatReader;

/// <summary>docs/format.md, "Header".</summary>
public sealed record FormatHeader(int PageSize, long SegmentSize, Guid FileId, long CreatedMicroseconds, bool IsEncrypted, bool HasExternal)
{
    public const int Size = 512;

    private static ReadOnlySpan<byte> Magic => [0x89, 0x50, 0x53, 0x43, 0x4B, 0x0D, 0x0A, 0x1A];

    /// <summary>Whether the sum of a copy is right.</summary>
    internal static bool IsIntact(ReadOnlySpan<byte> copy) => Bytes.U64(copy, 504) == Bytes.Sum(copy[..504]);

    internal static FormatHeader Read(ReadOnlySpan<byte> copy)
    {
        BrokenFormatException.Unless(copy.StartsWith(Magic), "header: magic");
        BrokenFormatException.Unless(Bytes.U16(copy, 8) == 1, "header: read version");
        BrokenFormatException.Unless(Bytes.U16(copy, 10) == 1, "header: write version");
        BrokenFormatException.Unless(Bytes.U32(copy, 12) == Size, "header: size");
        BrokenFormatException.Unless(Bytes.U64(copy, 16) is 0 or 1 or 8, "header: a required feature that this reader does not know");
        uint pageSize = Bytes.U32(copy, 32);
        BrokenFormatException.Unless(pageSize is >= 4096 and <= 65536 && uint.IsPow2(pageSize), "header: page size");
        uint shift = Bytes.U32(copy, 36);
        bool encrypted = Bytes.U64(copy, 16) == 1;
        BrokenFormatException.Unless(shift <= 30 && shift >= (encrypted ? 17 : 16), "header: segment shift");
        BrokenFormatException.Unless(Bytes.AllZero(copy[(encrypted ? 192 : 64)..504]), "header: encryption or reserved bytes");
        return new FormatHeader((int)pageSize, 1L << (int)shift, Bytes.Uuid(copy, 40), Bytes.I64(copy, 56), encrypted, Bytes.U64(copy, 16) == 8);
    }
}
