using System.Buffers.Binary;
using System.Text;

namespace PageStore.Fuzz;

/// <summary>
/// What an NBD server sends, in parts: doc/proto.md of the NBD project. An input is a byte of switches, and then the parts, each behind its kind (a byte) and its length (two bytes). The number of the request
/// that a reply answers is not known before that is sent; so of a part that is a reply the kind says which one is meant.
/// </summary>
internal static class NbdParts
{
    /// <summary>A part that is sent as it is. Any other kind is how many requests before the last one the part answers.</summary>
    public const byte Plain = 0xFF;

    /// <summary>Where both forms of reply have the number of their request.</summary>
    public const int CookieAt = 8;

    public const int CookieBytes = 8;

    private const int Head = 3;

    /// <summary>The parts of an input; what cannot be cut is the last one.</summary>
    public static List<(byte Kind, byte[] Bytes)> Split(ReadOnlySpan<byte> parts)
    {
        List<(byte, byte[])> list = [];
        while (parts.Length > Head)
        {
            int length = Math.Min(BinaryPrimitives.ReadUInt16LittleEndian(parts[1..]), parts.Length - Head);
            list.Add((parts[0], parts.Slice(Head, length).ToArray()));
            parts = parts[(Head + length)..];
        }

        return list;
    }

    /// <summary>An input.</summary>
    public static byte[] Join(byte switches, IEnumerable<(byte Kind, byte[] Bytes)> parts)
    {
        var bytes = new MemoryStream();
        bytes.WriteByte(switches);
        foreach ((byte kind, byte[] part) in parts)
        {
            int length = Math.Min(part.Length, ushort.MaxValue);
            bytes.Write([kind, (byte)length, (byte)(length >> 8)]);
            bytes.Write(part, 0, length);
        }

        return bytes.ToArray();
    }

    /// <summary>The server's first words.</summary>
    public static byte[] Greeting(ushort flags = 3) => [.. "NBDMAGICIHAVEOPT"u8, .. Be(flags)];

    /// <summary>A reply to an option.</summary>
    public static byte[] Option(uint option, uint type, params byte[] payload) => [.. Be(0x3e889045565a9ul), .. Be(option), .. Be(type), .. Be((uint)payload.Length), .. payload];

    /// <summary>An acknowledgement of an option.</summary>
    public static byte[] Ack(uint option) => Option(option, 1);

    /// <summary>A context that was selected.</summary>
    public static byte[] Context(uint id, string name) => Option(10, 4, [.. Be(id), .. Encoding.UTF8.GetBytes(name)]);

    /// <summary>NBD_INFO_EXPORT.</summary>
    public static byte[] Export(ulong length, ushort flags = 3) => Option(7, 3, [0, 0, .. Be(length), .. Be(flags)]);

    /// <summary>NBD_INFO_BLOCK_SIZE.</summary>
    public static byte[] Blocks(uint min, uint preferred, uint max) => Option(7, 3, [0, 3, .. Be(min), .. Be(preferred), .. Be(max)]);

    /// <summary>A chunk of a structured reply.</summary>
    public static byte[] Chunk(ushort flags, ushort type, params byte[] payload) => ChunkOf(0, flags, type, payload);

    /// <summary>The same, with the number of its request.</summary>
    public static byte[] ChunkOf(ulong cookie, ushort flags, ushort type, byte[] payload) =>
        [.. Be(0x668e33efu), .. Be(flags), .. Be(type), .. Be(cookie), .. Be((uint)payload.Length), .. payload];

    /// <summary>A chunk of content.</summary>
    public static byte[] Data(ushort flags, ulong offset, params byte[] content) => Chunk(flags, 1, [.. Be(offset), .. content]);

    /// <summary>A chunk that says that there is a hole.</summary>
    public static byte[] Hole(ushort flags, ulong offset, uint length) => Chunk(flags, 2, [.. Be(offset), .. Be(length)]);

    /// <summary>A chunk of status.</summary>
    public static byte[] Status(ushort flags, uint context, params (uint Length, uint State)[] extents) =>
        Chunk(flags, 5, [.. Be(context), .. extents.SelectMany(extent => (byte[])[.. Be(extent.Length), .. Be(extent.State)])]);

    /// <summary>A chunk that says what went wrong.</summary>
    public static byte[] Error(ushort flags, uint error, string text) =>
        Chunk(flags, 0x8001, [.. Be(error), .. Be((ushort)Encoding.UTF8.GetByteCount(text)), .. Encoding.UTF8.GetBytes(text)]);

    /// <summary>A simple reply, before its content.</summary>
    public static byte[] Simple(uint error, params byte[] content) => [.. Be(0x67446698u), .. Be(error), .. Be(0ul), .. content];

    public static byte[] Be(ulong number)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, number);
        return bytes;
    }

    public static byte[] Be(uint number) => Be((ulong)number)[4..];

    public static byte[] Be(ushort number) => Be((ulong)number)[6..];
}
