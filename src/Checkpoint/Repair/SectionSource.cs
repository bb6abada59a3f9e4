namespace PageStore.Checkpoint;

/// <summary>A byte string of a damaged file, chunk by chunk; says of each, before it is handed out, whether it was packed.</summary>
internal sealed class SectionSource : Stream
{
    private readonly TreeCursor _cursor = new();
    private readonly NodeReader _nodes;
    private readonly BlobRef _blob;
    private readonly SwitchedCodec _codec;
    private long _position;

    public SectionSource(NodeReader nodes, BlobRef blob, SwitchedCodec codec)
    {
        _nodes = nodes;
        _blob = blob;
        _codec = codec;
        _cursor.Bind(nodes, blob.Tree, TreeKind.Blob, 0);
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => _blob.Length;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException("Read once, from its begin.");
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <summary>Reads one whole chunk.</summary>
    public override int Read(Span<byte> buffer)
    {
        int bytes = (int)Math.Min(Layout.ChunkSize, _blob.Length - _position);
        if (bytes == 0 || buffer.IsEmpty)
        {
            return 0;
        }

        Entry entry = _cursor.Get(_position / Layout.ChunkSize);
        if (entry.Kind == EntryKind.Absent)
        {
            throw Damage.At(entry.Offset, $"chunk {_position / Layout.ChunkSize} of a byte string is missing");
        }

        _nodes.Blocks.ReadContent(entry, buffer[..bytes]);
        _codec.On = entry.Kind == EntryKind.Lz4;
        _position += bytes;
        return bytes;
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException("Read once, from its begin.");

    public override void SetLength(long value) => throw new NotSupportedException("Only read.");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Only read.");

    public override void Flush()
    {
    }
}
