namespace PageStore.Checkpoint;

/// <summary>Appends blocks of one class to segments, through chunks. For one thread.</summary>
internal sealed class SegmentAppender(SegmentClass segmentClass, SegmentAllocator segments, WriteBehind writer)
{
    private WriteChunk? _chunk;
    private long _position;

    /// <summary>Where the next block goes: 0 while there is no segment.</summary>
    public long Position => _position;

    /// <summary>Bytes appended since the writer was opened.</summary>
    public long BytesAppended { get; private set; }

    /// <summary>Goes to a committed position and forgets what was appended behind it.</summary>
    public void ResetTo(long position)
    {
        if (_chunk is not null)
        {
            writer.Return(_chunk);
            _chunk = null;
        }

        _position = position;
    }

    /// <summary>Room for one block, which ends in the same segment that it begins in.</summary>
    /// <param name="size">The most bytes the block may take: a multiple of 16, at most <see cref="Layout.MaxBlock"/>, and what sealing adds.</param>
    /// <param name="offset">Where in the file it will be.</param>
    public Span<byte> Reserve(int size, out long offset)
    {
        if (_position == 0 || segments.RoomBehind(_position) < size)
        {
            Flush();
            _position = segments.Take(segmentClass, full: _position);
        }

        if (_chunk is null || _chunk.Room < size)
        {
            Flush();
            _chunk = writer.Rent();
            _chunk.Begin(_position);
        }

        offset = _position;
        return _chunk.Reserve(size);
    }

    /// <summary>Takes the first <paramref name="size"/> bytes of what was reserved last.</summary>
    public void Advance(int size)
    {
        _chunk!.Advance(size);
        segments.Use(_position, size);
        _position += size;
        BytesAppended += size;
        if (_chunk.Count >= WriteChunk.FullBytes)
        {
            Flush();
        }
    }

    /// <summary>Hands what is buffered to the writing thread.</summary>
    public void Flush()
    {
        if (_chunk is null)
        {
            return;
        }

        if (_chunk.Count > 0)
        {
            writer.Enqueue(_chunk);
        }
        else
        {
            writer.Return(_chunk);
        }

        _chunk = null;
    }

    /// <summary>Copies bytes of this class that are not in the file yet.</summary>
    public bool TryReadUnwritten(long offset, Span<byte> destination) =>
        (_chunk is not null && _chunk.TryRead(offset, destination)) || writer.TryRead(offset, destination);
}
