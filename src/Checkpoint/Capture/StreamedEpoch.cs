namespace PageStore.Checkpoint;

/// <summary>An epoch under way into a <see cref="CaptureStream"/>: pages are sent as they come, in records of ascending ones, and what a page held before counts no more.</summary>
internal sealed class StreamedEpoch : ICapturedEpoch
{
    private readonly CaptureStream _stream;
    private readonly EpochOptions _options;
    private readonly PageBitmap _written;
    private readonly long _bytesBefore;
    private readonly bool _isFirst;
    private ReadOnlyMemory<byte> _state;
    private ReadOnlyMemory<byte> _tail;
    private bool _done;

    public StreamedEpoch(CaptureStream stream, EpochOptions options, EpochId id)
    {
        (_stream, _options, Id) = (stream, options, id);
        _isFirst = id.Value == 1;
        _bytesBefore = stream.Bytes;
        _written = new PageBitmap(options.PageCount ?? 0);
    }

    public EpochId Id { get; }

    public void WritePages(Pfn first, ReadOnlySpan<byte> pages, ReadOnlySpan<GuestPageType> types)
    {
        for (int from = 0; from < types.Length;)
        {
            int to = from;
            while (to < types.Length && IsSent(first + to, types[to]))
            {
                to++;
            }

            Send(first + from, pages[(from * PageSizes.Default)..], types[from..to]);
            from = to + 1;
        }
    }

    /// <summary>
    /// Keeps Xen's state of devices and processors until the pages have been sent, and what the layer around them says behind it. What the stream has said before its pages is not said again.
    /// </summary>
    /// <exception cref="ArgumentException">It is not a section of that kind.</exception>
    /// <exception cref="NotSupportedException">It is another section, and the stream has no place for it.</exception>
    public void AddState(string name, Stream content)
    {
        if (_stream.HasSaid(name))
        {
            return;
        }

        switch (name)
        {
            case XenSections.LibxcState:
                _state = RecordsOf(name, content);
                break;
            case XenSections.LibxlTail when _stream.HasLayers:
                _tail = RecordsOf(name, content);
                break;
            default:
                throw new NotSupportedException($"A libxc stream has no place for a section \"{name}\".");
        }
    }

    public void SetReadSet(PageBitmap read)
    {
        // A stream says what was written only.
    }

    public EpochInfo Commit()
    {
        SendLastPage();
        _stream.FlushRecord();
        _stream.Write(_state);
        _stream.WriteCheckpoint(_tail);
        EpochInfo info = Describe();
        _done = true;
        _written.Dispose();
        return info;
    }

    public void Dispose()
    {
        if (!_done)
        {
            _done = true;
            _written.Dispose();
            _stream.BreakOff();
        }
    }

    /// <summary>The section ends with an END record; in the stream one that ends the checkpoint stands in its place.</summary>
    private static ReadOnlyMemory<byte> RecordsOf(string name, Stream content)
    {
        using var copy = new MemoryStream();
        content.CopyTo(copy);
        ReadOnlyMemory<byte> bytes = copy.ToArray();
        return bytes.Span.EndsWith(RecordHeader.End)
            ? bytes[..^RecordHeader.Size]
            : throw new ArgumentException($"The section \"{name}\" does not end with an END record, so its reader would take what follows for a part of it.", nameof(content));
    }

    /// <summary>The reader takes what it was never told of for a hole; a hole that is more than that, or was a page before, is told.</summary>
    private bool IsSent(Pfn pfn, GuestPageType type) => type != GuestPageType.Absent || _stream.Held.Contains(pfn);

    private void Send(Pfn first, ReadOnlySpan<byte> pages, ReadOnlySpan<GuestPageType> types)
    {
        for (int sent = 0; sent < types.Length;)
        {
            PageDataRecord record = _stream.Record;
            if (record.Room == 0 || (!record.IsEmpty && first + sent < record.End))
            {
                _stream.FlushRecord();
            }

            int count = Math.Min(record.Room, types.Length - sent);
            record.Claim(count, out Span<byte> pageTarget, out Span<GuestPageType> typeTarget);
            pages.Slice(sent * PageSizes.Default, count * PageSizes.Default).CopyTo(pageTarget);
            types.Slice(sent, count).CopyTo(typeTarget);
            record.Add(first + sent, count);
            sent += count;
        }

        Note(first, types);
    }

    private void Note(Pfn first, ReadOnlySpan<GuestPageType> types)
    {
        for (int i = 0; i < types.Length; i++)
        {
            _written.Set(first + i);
            if (types[i] == GuestPageType.Absent)
            {
                _stream.Held.Clear(first + i);
            }
            else
            {
                _stream.Held.Set(first + i);
            }
        }
    }

    /// <summary>The stream says nowhere how large the guest is, but by its last page.</summary>
    private void SendLastPage()
    {
        if (_isFirst && _options.PageCount is > 0 and { } count && !_stream.Held.Contains(new Pfn(count - 1)))
        {
            Send(new Pfn(count - 1), new byte[PageSizes.Default], [GuestPageType.Absent]);
        }
    }

    /// <summary>What the sender knows of the epoch: which pages are zero, and how they are packed, only the file will say.</summary>
    private EpochInfo Describe() => new(new EpochRecord
    {
        Id = Id,
        Parent = _options.Parent ?? default,
        Time = DateTimeOffset.UtcNow,
        PageCount = _options.PageCount ?? 0,
        PageTable = default,
        Written = default,
        Read = default,
        PagesWritten = _written.Count(),
        PagesRead = 0,
        Counts = default,
        Bytes = _stream.Bytes - _bytesBefore,
        Consistency = _state.Length > 0 ? EpochConsistency.Restorable : EpochConsistency.Paused,
        GuestId = _options.GuestId,
        BootInstance = _options.BootInstance,
        Sections = [],
    });
}
