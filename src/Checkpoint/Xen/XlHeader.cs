using System.Buffers.Binary;

namespace PageStore.Checkpoint;

/// <summary>
/// The header of a file of <c>xl save</c> and the configuration in it (Xen's tools/xl/xl.h: <c>struct save_file_header</c>,
/// <c>SAVEFILE_BYTEORDER_VALUE</c>, <c>XL_MANDATORY_FLAG_*</c>). Its integers are in the byte order of the host that saved.
/// </summary>
internal static class XlHeader
{
    public const int MagicLength = 32;

    private const int FixedLength = MagicLength + (4 * sizeof(uint));
    private const uint LittleEndian = 0x01020304;
    private const uint BigEndian = 0x04030201;
    private const uint JsonFlag = 1;
    private const uint StreamV2Flag = 2;

    public static ReadOnlySpan<byte> Magic => "Xen saved domain, xl format\n \0 \r"u8;

    /// <summary>The header of a file with a configuration of this length, its NUL included, and nothing else in the optional data.</summary>
    public static byte[] Make(int configLength)
    {
        byte[] header = new byte[FixedLength + sizeof(uint)];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(32), LittleEndian);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(36), JsonFlag | StreamV2Flag);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(44), sizeof(uint) + configLength);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(FixedLength), configLength);
        return header;
    }

    /// <summary>Reads the header; <paramref name="header"/> holds the bytes of it that were already taken from the stream.</summary>
    public static async ValueTask ReadAsync(XenStreamSession session, SectionBuffer header, CancellationToken cancellationToken)
    {
        var place = StreamPlace.Header("the xl header", 0);
        await header.AppendAsync(session.Cursor, FixedLength - header.Length, place, cancellationToken).ConfigureAwait(false);
        long optional = CheckFixed(header.Written, place);
        await header.AppendAsync(session.Cursor, sizeof(uint), place, cancellationToken).ConfigureAwait(false);
        long configLength = BinaryPrimitives.ReadUInt32LittleEndian(header.Written[FixedLength..]);
        long rest = optional - sizeof(uint) - configLength;
        if (rest < 0)
        {
            throw place.Corrupt(
                $"its configuration claims {configLength} bytes, more than the optional data has room for ({optional})", FixedLength);
        }

        header.Deliver(XenSections.XlHeader, session.Sink);
        await CopyAsync(session, XenSections.XlConfig, configLength, cancellationToken).ConfigureAwait(false);
        await CopyAsync(session, XenSections.XlOptional, rest, cancellationToken).ConfigureAwait(false);
    }

    private static async ValueTask CopyAsync(
        XenStreamSession session, string section, long length, CancellationToken cancellationToken)
    {
        var buffer = new SectionBuffer(session.Budget);
        var place = StreamPlace.Header($"the {section} of the xl header", session.Cursor.Position);
        await buffer.AppendAsync(session.Cursor, length, place, cancellationToken).ConfigureAwait(false);
        buffer.Deliver(section, session.Sink);
    }

    /// <summary>Checks the fixed part and returns the length of the optional data.</summary>
    private static uint CheckFixed(ReadOnlySpan<byte> header, StreamPlace place)
    {
        if (!header.StartsWith(Magic))
        {
            throw place.Corrupt("its magic is not xl's");
        }

        CheckByteOrder(BinaryPrimitives.ReadUInt32LittleEndian(header[32..]), place);
        CheckMandatoryFlags(BinaryPrimitives.ReadUInt32LittleEndian(header[36..]), place);
        uint optional = BinaryPrimitives.ReadUInt32LittleEndian(header[44..]);
        return optional >= sizeof(uint)
            ? optional
            : throw place.Corrupt($"its optional data has {optional} bytes and so no configuration", 44);
    }

    private static void CheckByteOrder(uint order, StreamPlace place)
    {
        if (order == BigEndian)
        {
            throw place.Unsupported("it was saved on a big-endian host", "Only little-endian streams are read.");
        }

        if (order != LittleEndian)
        {
            throw place.Corrupt($"its byte order mark is 0x{order:x8}, not 0x{LittleEndian:x8}", 32);
        }
    }

    private static void CheckMandatoryFlags(uint flags, StreamPlace place)
    {
        const uint Known = JsonFlag | StreamV2Flag;
        if ((flags & ~Known) != 0)
        {
            throw place.Unsupported(
                $"its mandatory flags 0x{flags:x} contain unknown ones", "It comes from a newer Xen: import it with a newer PageStore.");
        }

        if (flags != Known)
        {
            throw place.Unsupported(
                $"its mandatory flags 0x{flags:x} say that it is a legacy stream (version 1, Xen 4.5 or older)",
                "Convert it with the convert-legacy-stream tool of Xen, or save the guest with a newer Xen.");
        }
    }
}
