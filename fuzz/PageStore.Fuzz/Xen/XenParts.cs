using System.Buffers.Binary;

namespace PageStore.Fuzz;

/// <summary>Cuts a Xen stream into its headers and records as well as it can, and makes parts of such a stream.</summary>
internal static class XenParts
{
    public const uint PageData = 1;

    private const int RecordHead = 8;
    private const int XlFixed = 52;
    private const int LibxlHeader = 16;
    private const int LibxcHeader = 40;

    /// <summary>The parts one behind the other; what cannot be cut is the last one.</summary>
    public static List<byte[]> Split(ReadOnlySpan<byte> stream)
    {
        List<byte[]> parts = [];
        while (!stream.IsEmpty)
        {
            int length = (int)Math.Min(LengthOf(stream), stream.Length);
            parts.Add(stream[..length].ToArray());
            stream = stream[length..];
        }

        return parts;
    }

    public static byte[] Join(List<byte[]> parts)
    {
        byte[] bytes = new byte[parts.Sum(part => part.Length)];
        int at = 0;
        foreach (byte[] part in parts)
        {
            part.CopyTo(bytes, at);
            at += part.Length;
        }

        return bytes;
    }

    /// <summary>A record with its padding.</summary>
    public static byte[] Record(uint type, ReadOnlySpan<byte> body)
    {
        byte[] record = new byte[RecordHead + ((body.Length + 7) & ~7)];
        BinaryPrimitives.WriteUInt32LittleEndian(record, type);
        BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(4), body.Length);
        body.CopyTo(record.AsSpan(RecordHead));
        return record;
    }

    /// <summary>A PAGE_DATA record: entries, and a page of the same byte for each that has data.</summary>
    public static byte[] Pages(params (uint Type, ulong Pfn)[] pages)
    {
        var body = new MemoryStream();
        Span<byte> word = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(word, pages.Length);
        body.Write(word);
        foreach ((uint type, ulong pfn) in pages)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(word, ((ulong)type << 60) | pfn);
            body.Write(word);
        }

        byte[] page = new byte[PageSizes.Default];
        foreach ((uint type, ulong pfn) in pages)
        {
            page.AsSpan().Fill((byte)pfn);
            body.Write(page.AsSpan(0, GuestPageTypes.HasData((GuestPageType)type) ? page.Length : 0));
        }

        return Record(PageData, body.ToArray());
    }

    public static byte[] Xl(ReadOnlySpan<byte> config, ReadOnlySpan<byte> optional)
    {
        byte[] header = new byte[XlFixed];
        "Xen saved domain, xl format\n \0 \r"u8.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(32), 0x01020304);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(36), 3);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(44), 4 + config.Length + optional.Length);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(48), config.Length);
        return [.. header, .. config, .. optional];
    }

    public static byte[] Libxl()
    {
        byte[] header = new byte[LibxlHeader];
        "LibxlFmt"u8.CopyTo(header);
        header[11] = 2;
        return header;
    }

    public static byte[] Libxc(byte version, byte guest)
    {
        byte[] header = new byte[LibxcHeader];
        header.AsSpan(0, 8).Fill(0xFF);
        "XENF"u8.CopyTo(header.AsSpan(8));
        header[15] = version;
        header[24] = guest;
        header[28] = 12;
        header[32] = 4;
        header[36] = 17;
        return header;
    }

    /// <summary>Makes the length in a record's head that of its body, and pads it.</summary>
    public static byte[] FixLength(byte[] record) =>
        record.Length < RecordHead ? record : Record(BinaryPrimitives.ReadUInt32LittleEndian(record), record.AsSpan(RecordHead));

    private static long LengthOf(ReadOnlySpan<byte> stream)
    {
        if (stream.StartsWith("Xen saved"u8) && stream.Length >= XlFixed)
        {
            return 48L + BinaryPrimitives.ReadUInt32LittleEndian(stream[44..]);
        }

        if (stream.StartsWith("LibxlFmt"u8))
        {
            return LibxlHeader;
        }

        if (stream.Length < RecordHead || stream.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]))
        {
            return stream.Length < RecordHead ? stream.Length : LibxcHeader;
        }

        return RecordHead + ((BinaryPrimitives.ReadUInt32LittleEndian(stream[4..]) + 7L) & ~7L);
    }
}
