using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace PageStore.Checkpoint;

/// <summary>
/// Reads a suspend image of XAPI, version 2: a signature, records with the host's metadata and the state of its emulators, and the libxc stream inline behind
/// its own record header (xenopsd's doc/suspend-image-framing-format.md and suspend_image.ml).
/// </summary>
internal sealed class XapiLayer
{
    /// <summary>Type and length, 64 bits each, little-endian. Nothing is padded.</summary>
    private const int HeaderSize = 16;

    private readonly XenStreamSession _session;
    private readonly SectionBuffer _records;
    private readonly byte[] _recordHeader = new byte[HeaderSize];
    private long _index;

    public XapiLayer(XenStreamSession session)
    {
        _session = session;
        _records = new SectionBuffer(session.Budget);
    }

    private enum RecordType : ulong
    {
        Xenops = 0x000f,
        Libxc = 0x00f0,
        Libxl = 0x00f1,
        LibxcLegacy = 0x00f2,
        QemuTraditional = 0x0f00,
        QemuXen = 0x0f01,
        Demu = 0x0f10,
        Varstored = 0x0f11,
        SwtpmOld = 0x0f12,
        Swtpm = 0x0f13,
        EndOfImage = 0xffff,
    }

    public static ReadOnlySpan<byte> Magic => "XenSavedDomv2-\n"u8;

    /// <summary>
    /// What stands before the libxc stream of a guest without emulators: the signature, xenopsd's own record, and the header of the stream. xenopsd checks that its record has a time and a
    /// word size, and makes no use of either when it restores (suspend_image.ml, Xenops_record; domain.ml, restore_common).
    /// </summary>
    public static byte[] MakeHead(DateTimeOffset time)
    {
        byte[] record = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"((time {time.UtcDateTime:yyyyMMdd'T'HH:mm:ss'Z'})(word_size 64))"));
        return [.. Magic, .. MakeHeader(RecordType.Xenops, record.Length), .. record, .. MakeHeader(RecordType.Libxc, 0)];
    }

    /// <summary>What stands behind it.</summary>
    public static byte[] MakeTail() => MakeHeader(RecordType.EndOfImage, 0);

    /// <summary>Reads the image; <paramref name="header"/> holds the bytes of its signature that were already taken.</summary>
    public async ValueTask ReadAsync(SectionBuffer header, CancellationToken cancellationToken)
    {
        var place = StreamPlace.Header("the signature of the suspend image", 0);
        await header.AppendAsync(_session.Cursor, Magic.Length - header.Length, place, cancellationToken).ConfigureAwait(false);
        if (!header.Written.SequenceEqual(Magic))
        {
            throw place.Unsupported("it is not that of version 2", "A legacy image is converted by resuming the guest and suspending it again.");
        }

        _records.Append(header.Written, place);
        await ReadRecordsAsync(RecordType.Libxc, cancellationToken).ConfigureAwait(false);
        _records.Deliver(XenSections.XapiHead, _session.Sink);
        _session.Libxc = new LibxcLayer(_session);
        await _session.Libxc.ReadAsync(new SectionBuffer(_session.Budget), cancellationToken).ConfigureAwait(false);
        long first = _index;
        await ReadRecordsAsync(RecordType.EndOfImage, cancellationToken).ConfigureAwait(false);
        _session.DeliverTail(_records, XenSections.XapiTail, _index - first);
    }

    private static byte[] MakeHeader(RecordType type, long length)
    {
        byte[] header = new byte[HeaderSize];
        BinaryPrimitives.WriteUInt64LittleEndian(header, (ulong)type);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(8), length);
        return header;
    }

    private async ValueTask ReadRecordsAsync(RecordType last, CancellationToken cancellationToken)
    {
        RecordType type;
        do
        {
            type = await KeepRecordAsync(last, cancellationToken).ConfigureAwait(false);
        }
        while (type != last);
    }

    /// <summary>Reads one record into the section; of the libxc stream and of the end only the header.</summary>
    private async ValueTask<RecordType> KeepRecordAsync(RecordType last, CancellationToken cancellationToken)
    {
        var place = new StreamPlace("header", "xapi", _index++, _session.Cursor.Position);
        await _session.Cursor.FillAsync(_recordHeader, place, cancellationToken).ConfigureAwait(false);
        var type = (RecordType)BinaryPrimitives.ReadUInt64LittleEndian(_recordHeader);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(_recordHeader.AsSpan(8));
        place = place with { Name = NameOf(type) };
        Check(type, length, last, place);
        _session.Records++;
        _records.Append(_recordHeader, place);
        if (type != last)
        {
            await _records.AppendAsync(_session.Cursor, (long)length, place, cancellationToken).ConfigureAwait(false);
        }

        return type;
    }

    private static void Check(RecordType type, ulong length, RecordType last, StreamPlace place)
    {
        switch (type)
        {
            case RecordType.Libxl or RecordType.LibxcLegacy:
                throw place.Unsupported("memory in this form is not read", LibxcRecords.SavePlainly);
            case RecordType.Libxc or RecordType.EndOfImage when type != last:
                throw place.Corrupt(last == RecordType.Libxc ? "the image ends without memory" : "a second record with memory");
            case RecordType.Libxc or RecordType.EndOfImage:
                // What they say of their length counts for nothing: a libxc stream ends by itself.
                break;
            case var unknown when !Enum.IsDefined(unknown):
                throw place.Unsupported("this record is not known", "It comes from a newer XAPI: import it with a newer PageStore.");
            case var _ when length > long.MaxValue:
                throw place.Corrupt($"its body claims {length} bytes", place.Offset + 8);
        }
    }

    private static string NameOf(RecordType type) => Enum.IsDefined(type) ? type.ToString() : $"unknown type 0x{(ulong)type:x}";
}
