namespace PageStore.Checkpoint;

/// <summary>
/// Reads a libxc stream, version 2 or 3 (Xen's docs/specs/libxc-migration-stream): headers, then records until END. Keeps the
/// records' order rules of Xen's restorer (tools/libs/guest/xg_sr_restore*.c).
/// </summary>
internal sealed class LibxcLayer
{
    private readonly XenStreamSession _session;
    private readonly Func<CancellationToken, ValueTask>? _readOuter;
    private readonly SectionBuffer _records;
    private readonly byte[] _recordHeader = new byte[RecordHeader.Size];
    private XenStreamHeader _header = null!;
    private long _index;
    private bool _seenStaticDataEnd;
    private bool _seenPvInfo;
    private bool _seenP2mFrames;
    private bool _seenPages;
    private bool _verifying;
    private bool _isAtCheckpoint;
    private long _checkpoints;
    private long _pageEntries;
    private long _dataPages;
    private long _verifyEntries;

    /// <summary>Makes a layer.</summary>
    /// <param name="session">The stream.</param>
    /// <param name="readOuter">Reads what the layer around this one says at a checkpoint; null where there is none.</param>
    public LibxcLayer(XenStreamSession session, Func<CancellationToken, ValueTask>? readOuter = null)
    {
        _session = session;
        _readOuter = readOuter;
        _records = new SectionBuffer(session.Budget);
    }

    /// <summary>What was read so far, but for what only the whole stream knows.</summary>
    public XenStreamSummary Summary => new(_header, 0, 0, _pageEntries, _dataPages, _verifyEntries) { Checkpoints = _checkpoints, EndsAtCheckpoint = _isAtCheckpoint };

    /// <summary>Reads the stream; <paramref name="header"/> holds the bytes of its header that were already taken.</summary>
    public async ValueTask ReadAsync(SectionBuffer header, CancellationToken cancellationToken)
    {
        _header = await LibxcHeaders.ReadAsync(_session, header, cancellationToken).ConfigureAwait(false);
        _session.Sink.OnHeader(_header);
        header.Deliver(XenSections.LibxcHeader, _session.Sink);

        while (!await ReadRecordAsync(cancellationToken).ConfigureAwait(false))
        {
            _index++;
        }

        _records.Deliver(_isAtCheckpoint ? null : _seenPages ? XenSections.LibxcState : XenSections.LibxcStatic, _session.Sink);
    }

    /// <summary>Reads one record and says whether it was the last one.</summary>
    private async ValueTask<bool> ReadRecordAsync(CancellationToken cancellationToken)
    {
        var place = new StreamPlace("header", "libxc", _index, _session.Cursor.Position);
        await _session.Cursor.FillAsync(_recordHeader, place, cancellationToken).ConfigureAwait(false);
        var record = RecordHeader.Parse(_recordHeader);
        place = place with { Name = LibxcRecords.Name(record.Type) };
        LibxcRecords.Check(record.Type, record.Length, _header.GuestType, place);
        _session.Records++;

        var type = (LibxcRecordType)record.Type;
        _isAtCheckpoint &= type == LibxcRecordType.End;
        if (type == LibxcRecordType.PageData)
        {
            await ReadPagesAsync(record.Length, place, cancellationToken).ConfigureAwait(false);
            return false;
        }

        CheckOrder(type, place);
        if (type == LibxcRecordType.Checkpoint)
        {
            await EndCheckpointAsync(place, cancellationToken).ConfigureAwait(false);
        }
        else if (type != LibxcRecordType.Verify)
        {
            _records.Append(_recordHeader, place);
            await _records.AppendAsync(_session.Cursor, record.PaddedLength, place, cancellationToken).ConfigureAwait(false);
        }

        return type == LibxcRecordType.End;
    }

    private async ValueTask EndCheckpointAsync(StreamPlace place, CancellationToken cancellationToken)
    {
        if (_records.Length > 0)
        {
            _records.Append(RecordHeader.End, place);
            _records.Deliver(XenSections.LibxcState, _session.Sink);
        }

        if (_readOuter is not null)
        {
            await _readOuter(cancellationToken).ConfigureAwait(false);
        }

        _session.Sink.OnCheckpoint();
        _session.Budget.BeginCheckpoint();
        _checkpoints++;
        _isAtCheckpoint = true;
    }

    private async ValueTask ReadPagesAsync(uint length, StreamPlace place, CancellationToken cancellationToken)
    {
        if (!_seenPages)
        {
            CheckReadyForPages(place);
            _seenPages = true;
            _records.Deliver(XenSections.LibxcStatic, _session.Sink);
            _session.Budget.Keep();
        }

        // Behind VERIFY, Xen's restorer compares pages with the memory it has already filled and never writes them.
        IPageSink? sink = _verifying ? null : _session.Sink;
        (int entries, int dataPages) = await _session.Decoder
            .ReadAsync(_session.Cursor, length, place, sink, cancellationToken).ConfigureAwait(false);
        _verifyEntries += _verifying ? entries : 0;
        _pageEntries += _verifying ? 0 : entries;
        _dataPages += _verifying ? 0 : dataPages;
    }

    private void CheckReadyForPages(StreamPlace place)
    {
        if (_header.LibxcVersion >= 3 && !_seenStaticDataEnd)
        {
            throw place.Corrupt("pages come before the STATIC_DATA_END record that version 3 demands");
        }

        if (_header.GuestType == XenGuestType.Pv && !_seenP2mFrames)
        {
            throw place.Corrupt("pages of a PV guest come before its X86_PV_P2M_FRAMES record");
        }
    }

    /// <summary>The order that matters to a restorer, and the once-only records. Others may stand anywhere.</summary>
    private void CheckOrder(LibxcRecordType type, StreamPlace place)
    {
        switch (type)
        {
            case LibxcRecordType.PvInfo or LibxcRecordType.PvP2mFrames or LibxcRecordType.StaticDataEnd when _seenPages:
                throw place.Corrupt("this record comes behind pages that depend on it");
            case LibxcRecordType.PvInfo:
                ExpectFirst(_seenPvInfo, place);
                _seenPvInfo = true;
                break;
            case LibxcRecordType.PvP2mFrames when !_seenPvInfo:
                throw place.Corrupt("this record comes before the X86_PV_INFO record that it depends on");
            case LibxcRecordType.PvP2mFrames:
                _seenP2mFrames = true;
                break;
            case LibxcRecordType.StaticDataEnd:
                ExpectFirst(_seenStaticDataEnd, place);
                _seenStaticDataEnd = true;
                break;
            case LibxcRecordType.Checkpoint when !_seenPages:
                throw place.Corrupt("this record comes before all pages, so there is no guest to continue");
            case LibxcRecordType.Checkpoint when _verifying:
            case LibxcRecordType.Verify when _checkpoints > 0:
                throw place.Corrupt("a stream has checkpoints or a VERIFY record, not both");
            case LibxcRecordType.Verify when !_seenPages:
                throw place.Corrupt("this record comes before all pages, so there is nothing to verify");
            case LibxcRecordType.Verify:
                _verifying = true;
                break;
        }
    }

    private static void ExpectFirst(bool seen, StreamPlace place)
    {
        if (seen)
        {
            throw place.Corrupt("a stream has one record of this type, and this is the second");
        }
    }
}
