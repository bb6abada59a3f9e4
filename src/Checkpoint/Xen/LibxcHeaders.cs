using System.Buffers.Binary;

namespace PageStore.Checkpoint;

/// <summary>
/// The image header (24 bytes, big-endian) and the domain header (16 bytes, in the stream's byte order) of a libxc stream
/// (Xen's tools/libs/guest/xg_sr_stream_format.h, <c>xc_sr_ihdr</c> and <c>xc_sr_dhdr</c>).
/// </summary>
internal static class LibxcHeaders
{
    private const int ImageSize = 24;
    private const int DomainSize = 16;
    private const uint OldestVersion = 2;
    private const uint NewestVersion = 3;
    private const ushort BigEndianOption = 1;

    /// <summary>x86 pages have 4096 bytes; Xen's restorer knows no others.</summary>
    private const ushort PageShift = 12;

    /// <summary>The marker, which no legacy stream has, and the id "XENF".</summary>
    public static ReadOnlySpan<byte> Magic =>
        [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, (byte)'X', (byte)'E', (byte)'N', (byte)'F'];

    /// <summary>Both, of an HVM or PVH guest, as a release of Xen writes them.</summary>
    public static byte[] MakeHvm(int xenMajor, int xenMinor)
    {
        byte[] headers = new byte[ImageSize + DomainSize];
        Magic.CopyTo(headers);
        BinaryPrimitives.WriteUInt32BigEndian(headers.AsSpan(12), NewestVersion);
        Span<byte> domain = headers.AsSpan(ImageSize);
        BinaryPrimitives.WriteUInt32LittleEndian(domain, (uint)XenGuestType.Hvm);
        BinaryPrimitives.WriteUInt16LittleEndian(domain[4..], PageShift);
        BinaryPrimitives.WriteInt32LittleEndian(domain[8..], xenMajor);
        BinaryPrimitives.WriteInt32LittleEndian(domain[12..], xenMinor);
        return headers;
    }

    /// <summary>Reads both; <paramref name="header"/> holds the bytes that were already taken from the stream.</summary>
    public static async ValueTask<XenStreamHeader> ReadAsync(
        XenStreamSession session, SectionBuffer header, CancellationToken cancellationToken)
    {
        var image = StreamPlace.Header("the libxc image header", session.Cursor.Position - header.Length);
        await header.AppendAsync(session.Cursor, ImageSize - header.Length, image, cancellationToken).ConfigureAwait(false);
        int version = CheckImageHeader(header.Written, image);

        var domain = StreamPlace.Header("the libxc domain header", session.Cursor.Position);
        await header.AppendAsync(session.Cursor, DomainSize, domain, cancellationToken).ConfigureAwait(false);
        return ParseDomainHeader(header.Written[ImageSize..], session.Format, version, domain);
    }

    private static int CheckImageHeader(ReadOnlySpan<byte> header, StreamPlace place)
    {
        if (!header.StartsWith(Magic))
        {
            throw place.Corrupt("it does not begin with eight bytes 0xff and \"XENF\"");
        }

        uint version = BinaryPrimitives.ReadUInt32BigEndian(header[12..]);
        ushort options = BinaryPrimitives.ReadUInt16BigEndian(header[16..]);
        if (version is < OldestVersion or > NewestVersion)
        {
            throw place.Unsupported(
                $"its version is {version}, and versions {OldestVersion} and {NewestVersion} are read",
                "Save the guest with Xen 4.6 or newer, or import the stream with a newer PageStore.");
        }

        if ((options & BigEndianOption) != 0)
        {
            throw place.Unsupported("it is a big-endian stream", "Only little-endian streams are read.");
        }

        return options == 0
            ? (int)version
            : throw place.Unsupported($"its options 0x{options:x} contain unknown ones", LibxcRecords.NewerXen);
    }

    private static XenStreamHeader ParseDomainHeader(ReadOnlySpan<byte> header, ImageFormat format, int version, StreamPlace place)
    {
        uint type = BinaryPrimitives.ReadUInt32LittleEndian(header);
        ushort shift = BinaryPrimitives.ReadUInt16LittleEndian(header[4..]);
        if (type is not ((uint)XenGuestType.Pv or (uint)XenGuestType.Hvm))
        {
            throw place.Unsupported(
                $"its guest type is {type}, and only 1 (x86 PV) and 2 (x86 HVM and PVH) are read", LibxcRecords.NewerXen);
        }

        if (shift != PageShift)
        {
            throw place.Corrupt($"its pages have 2^{shift} bytes, and those of x86 have 2^{PageShift}", place.Offset + 4);
        }

        return new XenStreamHeader(
            format,
            version,
            (XenGuestType)type,
            BinaryPrimitives.ReadUInt32LittleEndian(header[8..]),
            BinaryPrimitives.ReadUInt32LittleEndian(header[12..]));
    }
}
