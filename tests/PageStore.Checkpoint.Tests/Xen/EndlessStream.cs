namespace PageStore.Checkpoint.Tests;

/// <summary>A stream of any length made on the fly: a head, one record repeated, a tail.</summary>
internal sealed class EndlessStream(byte[] head, byte[] record, long repeats, byte[] tail) : Stream
{
    private long _at;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => head.Length + (record.Length * repeats) + tail.Length;

    public override long Position { get => _at; set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer)
    {
        ReadOnlySpan<byte> rest = Rest();
        int count = Math.Min(rest.Length, buffer.Length);
        rest[..count].CopyTo(buffer);
        _at += count;
        return count;
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private ReadOnlySpan<byte> Rest()
    {
        if (_at < head.Length)
        {
            return head.AsSpan((int)_at);
        }

        long inside = _at - head.Length;
        return inside < record.Length * repeats
            ? record.AsSpan((int)(inside % record.Length))
            : tail.AsSpan((int)(inside - (record.Length * repeats)));
    }
}
