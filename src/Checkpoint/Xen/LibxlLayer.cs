using System.Buffers.Binary;

namespace PageStore.Checkpoint;

/// <summary>
/// Reads a libxl stream, version 2: a header, records, and the libxc stream inline behind its LIBXC_CONTEXT record
/// (Xen's docs/specs/libxl-migration-stream).
/// </summary>
internal sealed class LibxlLayer
{
    private const int HeaderSize = 16;
    private const uint Version = 2;
    private const uint BigEndianOption = 1;

    /// <summary>Set by Xen's converter of legacy streams; the stream itself is an ordinary one.</summary>
    private const uint ConvertedOption = 2;

    private readonly XenStreamSession _session;
    private readonly SectionBuffer _records;
    private readonly byte[] _recordHeader = new byte[RecordHeader.Size];
    private long _index;

    public LibxlLayer(XenStreamSession session)
    {
        _session = session;
        _records = new SectionBuffer(session.Budget);
    }

    public static ReadOnlySpan<byte> Magic => "LibxlFmt"u8;

    /// <summary>The header of a stream.</summary>
    public static byte[] MakeHeader()
    {
        byte[] header = new byte[HeaderSize];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(8), Version);
        return header;
    }

    /// <summary>The record that ends a checkpoint.</summary>
    public static byte[] MakeCheckpointEnd()
    {
        byte[] record = new byte[RecordHeader.Size];
        new RecordHeader((uint)LibxlRecordType.CheckpointEnd, 0).Write(record);
        return record;
    }

    /// <summary>Reads the stream; <paramref name="header"/> holds the bytes of its header that were already taken.</summary>
    public async ValueTask ReadAsync(SectionBuffer header, CancellationToken cancellationToken)
    {
        var place = StreamPlace.Header("the libxl header", _session.Cursor.Position - header.Length);
        await header.AppendAsync(_session.Cursor, HeaderSize - header.Length, place, cancellationToken).ConfigureAwait(false);
        CheckHeader(header.Written, place);
        header.Deliver(XenSections.LibxlHeader, _session.Sink);

        await ReadHeadAsync(cancellationToken).ConfigureAwait(false);
        _records.Deliver(XenSections.LibxlHead, _session.Sink);
        _session.Libxc = new LibxcLayer(_session, ReadCheckpointAsync);
        await _session.Libxc.ReadAsync(new SectionBuffer(_session.Budget), cancellationToken).ConfigureAwait(false);
        long first = _index;
        await ReadTailAsync(LibxlRecordType.End, cancellationToken).ConfigureAwait(false);
        _session.DeliverTail(_records, XenSections.LibxlTail, _index - first);
    }

    /// <summary>What this layer says at a checkpoint of the libxc stream, which goes on behind it.</summary>
    private async ValueTask ReadCheckpointAsync(CancellationToken cancellationToken)
    {
        await ReadTailAsync(LibxlRecordType.CheckpointEnd, cancellationToken).ConfigureAwait(false);
        _records.Deliver(XenSections.LibxlTail, _session.Sink);
    }

    private static void CheckHeader(ReadOnlySpan<byte> header, StreamPlace place)
    {
        if (!header.StartsWith(Magic))
        {
            throw place.Corrupt("its magic is not \"LibxlFmt\"");
        }

        uint version = BinaryPrimitives.ReadUInt32BigEndian(header[8..]);
        uint options = BinaryPrimitives.ReadUInt32BigEndian(header[12..]);
        if (version != Version)
        {
            throw place.Unsupported($"its version is {version}, and only version {Version} is read", LibxcRecords.NewerXen);
        }

        if ((options & BigEndianOption) != 0)
        {
            throw place.Unsupported("it is a big-endian stream", "Only little-endian streams are read.");
        }

        if ((options & ~ConvertedOption) != 0)
        {
            throw place.Unsupported($"its options 0x{options:x} contain unknown ones", LibxcRecords.NewerXen);
        }
    }

    private async ValueTask ReadHeadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            (RecordHeader record, StreamPlace place) = await KeepRecordAsync(cancellationToken).ConfigureAwait(false);
            switch ((LibxlRecordType)record.Type)
            {
                case LibxlRecordType.LibxcContext:
                    return;
                case LibxlRecordType.End:
                    throw place.Corrupt("the stream ends without a LIBXC_CONTEXT record, so without any memory");
                case LibxlRecordType.CheckpointEnd:
                    throw place.Corrupt("this record comes before a LIBXC_CONTEXT record, so before any checkpoint");
            }
        }
    }

    /// <summary>Reads up to the record that ends the stream, or the checkpoint.</summary>
    private async ValueTask ReadTailAsync(LibxlRecordType last, CancellationToken cancellationToken)
    {
        while (true)
        {
            (RecordHeader record, StreamPlace place) = await KeepRecordAsync(cancellationToken).ConfigureAwait(false);
            switch ((LibxlRecordType)record.Type)
            {
                case LibxlRecordType.LibxcContext:
                    throw place.Corrupt("a second LIBXC_CONTEXT record");
                case LibxlRecordType.End or LibxlRecordType.CheckpointEnd:
                    if ((LibxlRecordType)record.Type != last)
                    {
                        throw place.Corrupt(last == LibxlRecordType.End ? "there is no checkpoint here" : "the stream ends within a checkpoint");
                    }

                    return;
            }
        }
    }

    /// <summary>Reads one record, body and padding included, into the section.</summary>
    private async ValueTask<(RecordHeader Record, StreamPlace Place)> KeepRecordAsync(CancellationToken cancellationToken)
    {
        long offset = _session.Cursor.Position;
        var place = new StreamPlace("header", "libxl", _index, offset);
        await _session.Cursor.FillAsync(_recordHeader, place, cancellationToken).ConfigureAwait(false);
        var record = RecordHeader.Parse(_recordHeader);
        place = place with { Name = LibxlRecords.Name(record.Type) };
        LibxlRecords.Check(record.Type, record.Length, place);
        _records.Append((LibxlRecordType)record.Type == LibxlRecordType.CheckpointEnd ? RecordHeader.End : _recordHeader, place);
        await _records.AppendAsync(_session.Cursor, record.PaddedLength, place, cancellationToken).ConfigureAwait(false);
        _index++;
        _session.Records++;
        return (record, place);
    }
}
