using System.Buffers.Binary;

namespace PageStore.Fuzz;

/// <summary>A server that sends parts, whatever it is asked, and then ends. Of what it is asked it only looks at the numbers of the requests.</summary>
/// <param name="parts">What it sends.</param>
/// <param name="pieces">How many bytes it delivers at once; 0 for as many as there are in a part.</param>
internal sealed class NbdScript(IReadOnlyList<(byte Kind, byte[] Bytes)> parts, int pieces) : Stream
{
    private const int RequestBytes = 28;
    private const uint RequestMagic = 0x25609513;

    private byte[] _part = [];
    private int _next;
    private int _at;
    private ulong _last;

    /// <summary>What it is asked, one write after the other.</summary>
    public List<byte[]> Asked { get; } = [];

    /// <summary>What comes at the end of the parts; null for the end of the stream.</summary>
    public Func<CancellationToken, ValueTask<int>>? AtEnd { get; init; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        while (_at == _part.Length && _next < parts.Count)
        {
            _part = Answering(parts[_next++]);
            _at = 0;
        }

        int count = Math.Min(Math.Min(pieces == 0 ? int.MaxValue : pieces, buffer.Length), _part.Length - _at);
        _part.AsSpan(_at, count).CopyTo(buffer);
        _at += count;
        return count;
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Read(buffer.Span) is var count && count == 0 && AtEnd is not null ? AtEnd(cancellationToken) : new(count);

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        Asked.Add(buffer.ToArray());
        if (buffer.Length == RequestBytes && BinaryPrimitives.ReadUInt32BigEndian(buffer) == RequestMagic)
        {
            _last = BinaryPrimitives.ReadUInt64BigEndian(buffer[NbdParts.CookieAt..]);
        }
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private byte[] Answering((byte Kind, byte[] Bytes) part)
    {
        if (part.Kind == NbdParts.Plain || part.Bytes.Length < NbdParts.CookieAt + NbdParts.CookieBytes)
        {
            return part.Bytes;
        }

        byte[] answer = [.. part.Bytes];
        BinaryPrimitives.WriteUInt64BigEndian(answer.AsSpan(NbdParts.CookieAt), _last - part.Kind);
        return answer;
    }
}
