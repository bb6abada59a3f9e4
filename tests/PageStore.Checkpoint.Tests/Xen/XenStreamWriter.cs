using System.Buffers.Binary;

namespace PageStore.Checkpoint.Tests;

/// <summary>
/// The tests' own writer of Xen streams, by the specification alone. It writes whatever it is told, valid or not, and
/// remembers where each record began.
/// </summary>
internal sealed class XenStreamWriter
{
    private readonly MemoryStream _bytes = new();

    /// <summary>The offset of the record or header that was written last.</summary>
    public long Last { get; private set; }

    public long Length => _bytes.Length;

    public byte[] ToArray() => _bytes.ToArray();

    public XenStreamWriter Raw(params byte[] bytes)
    {
        Last = _bytes.Length;
        _bytes.Write(bytes);
        return this;
    }

    public XenStreamWriter Xl(
        byte[]? config = null, byte[]? optional = null, uint order = 0x01020304, uint flags = 3, int? optionalLength = null,
        uint? configLength = null)
    {
        config ??= [.. "{ \"c_info\": { \"name\": \"g\" } }\0"u8];
        optional ??= [];
        var fixedPart = new byte[52];
        "Xen saved domain, xl format\n \0 \r"u8.CopyTo(fixedPart);
        BinaryPrimitives.WriteUInt32LittleEndian(fixedPart.AsSpan(32), order);
        BinaryPrimitives.WriteUInt32LittleEndian(fixedPart.AsSpan(36), flags);
        BinaryPrimitives.WriteUInt32LittleEndian(fixedPart.AsSpan(44), (uint)(optionalLength ?? 4 + config.Length + optional.Length));
        BinaryPrimitives.WriteUInt32LittleEndian(fixedPart.AsSpan(48), configLength ?? (uint)config.Length);
        return Raw([.. fixedPart, .. config, .. optional]);
    }

    public XenStreamWriter Xapi(string signature = "XenSavedDomv2-\n") => Raw(System.Text.Encoding.ASCII.GetBytes(signature));

    /// <summary>A record of a suspend image; <paramref name="length"/> lies about the body's length where it is given.</summary>
    public XenStreamWriter XapiRecord(ulong type, byte[]? body = null, ulong? length = null)
    {
        body ??= [];
        var header = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(header, type);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(8), length ?? (ulong)body.Length);
        return Raw([.. header, .. body]);
    }

    public XenStreamWriter Libxl(uint version = 2, uint options = 0)
    {
        var header = new byte[16];
        "LibxlFmt"u8.CopyTo(header);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(8), version);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(12), options);
        return Raw(header);
    }

    public XenStreamWriter Libxc(
        uint version = 3, uint guest = 2, ushort options = 0, ushort shift = 12, string id = "XENF")
    {
        var header = new byte[40];
        header.AsSpan(0, 8).Fill(0xFF);
        System.Text.Encoding.ASCII.GetBytes(id).CopyTo(header, 8);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(12), version);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(16), options);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(24), guest);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(28), shift);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(32), 4);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(36), 17);
        return Raw(header);
    }

    /// <summary>A record of either layer, padded; <paramref name="length"/> lies about the body's length where it is given.</summary>
    public XenStreamWriter Record(uint type, byte[]? body = null, uint? length = null)
    {
        body ??= [];
        var header = new byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(header, type);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(4), length ?? (uint)body.Length);
        return Raw([.. header, .. body, .. new byte[(8 - (body.Length % 8)) % 8]]);
    }

    public XenStreamWriter Pages(params (ulong Entry, byte[]? Data)[] pages) => PagesLying((uint)pages.Length, 0, 0, pages);

    /// <summary>A PAGE_DATA record whose count, reserved field and length may be wrong.</summary>
    public XenStreamWriter PagesLying(uint count, uint reserved, int lengthError, params (ulong Entry, byte[]? Data)[] pages)
    {
        var body = new MemoryStream();
        Span<byte> word = stackalloc byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(word, count);
        BinaryPrimitives.WriteUInt32LittleEndian(word[4..], reserved);
        body.Write(word);
        foreach ((ulong entry, _) in pages)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(word, entry);
            body.Write(word);
        }

        foreach ((_, byte[]? data) in pages)
        {
            body.Write(data ?? []);
        }

        return Record(1, body.ToArray(), (uint)(body.Length + lengthError));
    }

    public static ulong Entry(uint type, ulong pfn) => ((ulong)type << 60) | pfn;

    /// <summary>A page whose every byte follows from <paramref name="seed"/>.</summary>
    public static byte[] Page(int seed)
    {
        var page = new byte[4096];
        new Random(seed).NextBytes(page);
        return page;
    }
}
