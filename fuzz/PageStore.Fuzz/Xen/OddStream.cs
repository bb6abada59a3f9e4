namespace PageStore.Fuzz;

/// <summary>Delivers bytes in pieces of odd lengths, as a pipe or a socket may: the ends of pieces fall everywhere.</summary>
internal sealed class OddStream(byte[] bytes, int first) : Stream
{
    /// <summary>Lengths of the pieces, one after the other and over again.</summary>
    private static readonly int[] Pieces = [1, 7, 3, 64, 5, 4095, 2, 13];

    private int _at;
    private int _piece = first;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        int count = Math.Min(Math.Min(Pieces[_piece++ % Pieces.Length], buffer.Length), bytes.Length - _at);
        bytes.AsSpan(_at, count).CopyTo(buffer);
        _at += count;
        return count;
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
