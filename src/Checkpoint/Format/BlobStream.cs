namespace PageStore.Checkpoint;

/// <summary>A byte string of the file as a stream: read-only, seekable, one chunk in memory, each checked before it is handed out.</summary>
internal sealed class BlobStream : Stream
{
    private readonly TreeCursor _cursor = new();
    private readonly NodeReader _nodes;
    private readonly BlobRef _blob;
    private readonly byte[] _chunk;
    private long _chunkNumber = -1;
    private long _position;

    public BlobStream(NodeReader nodes, BlobRef blob, long refOffset)
    {
        _nodes = nodes;
        _blob = blob;
        _chunk = new byte[(int)Math.Min(blob.Length, Layout.ChunkSize)];
        _cursor.Bind(nodes, blob.Tree, TreeKind.Blob, refOffset);
    }

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => _blob.Length;

    public override long Position
    {
        get => _position;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _position = value;
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (_position >= _blob.Length || buffer.IsEmpty)
        {
            return 0;
        }

        ReadOnlySpan<byte> chunk = Load(_position / Layout.ChunkSize)[(int)(_position % Layout.ChunkSize)..];
        int count = Math.Min(chunk.Length, buffer.Length);
        chunk[..count].CopyTo(buffer);
        _position += count;
        return count;
    }

    public override long Seek(long offset, SeekOrigin origin) => Position = offset + origin switch
    {
        SeekOrigin.Begin => 0,
        SeekOrigin.Current => _position,
        _ => Length,
    };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException("A byte string of a committed epoch never changes.");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("A byte string of a committed epoch never changes.");

    private ReadOnlySpan<byte> Load(long number)
    {
        Span<byte> chunk = _chunk.AsSpan(0, (int)Math.Min(Layout.ChunkSize, _blob.Length - (number * Layout.ChunkSize)));
        if (_chunkNumber != number)
        {
            _chunkNumber = -1;
            Entry entry = _cursor.Get(number);
            if (entry.Kind == EntryKind.Absent)
            {
                throw Damage.At(entry.Offset, $"chunk {number} of a byte string is missing");
            }

            _nodes.Blocks.ReadContent(entry, chunk);
            _chunkNumber = number;
        }

        return chunk;
    }
}
