namespace PageStore;

/// <summary>Lines of a stream as bytes, which JSON is read from without becoming text first.</summary>
internal sealed class LineReader(Stream stream, int maxBytes) : IDisposable
{
    /// <summary>A line of a small guest fits at once.</summary>
    private const int FirstBuffer = 64 << 10;

    private byte[] _buffer = new byte[FirstBuffer];
    private int _start;
    private int _end;
    private long _consumed;

    /// <summary>Which line was read last, counted from 1.</summary>
    public long Number { get; private set; }

    /// <summary>Where that line begins.</summary>
    public long Offset { get; private set; }

    /// <summary>Reads the next line that is not empty, without its end; it holds until the next call.</summary>
    /// <exception cref="CorruptDataException">It is too long.</exception>
    public bool TryRead(out ReadOnlySpan<byte> line)
    {
        while (TryReadAny(out line))
        {
            if (!line.Trim("\r\t "u8).IsEmpty)
            {
                return true;
            }
        }

        return false;
    }

    public void Dispose() => stream.Dispose();

    private bool TryReadAny(out ReadOnlySpan<byte> line)
    {
        int searched = 0;
        Offset = _consumed;
        Number++;
        while (true)
        {
            int length = _buffer.AsSpan((_start + searched).._end).IndexOf((byte)'\n');
            if (length >= 0)
            {
                line = Take(searched + length, 1);
                return true;
            }

            searched = _end - _start;
            if (!Fill())
            {
                line = Take(searched, 0);
                return searched > 0;
            }
        }
    }

    private ReadOnlySpan<byte> Take(int length, int separator)
    {
        ReadOnlySpan<byte> line = _buffer.AsSpan(_start, length);
        _start += length + separator;
        _consumed += length + separator;
        return line;
    }

    private bool Fill()
    {
        _buffer.AsSpan(_start.._end).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        if (_end == _buffer.Length)
        {
            Grow();
        }

        int read = ReadMore();
        _end += read;
        return read > 0;
    }

    private int ReadMore()
    {
        try
        {
            return stream.Read(_buffer, _end, _buffer.Length - _end);
        }
        catch (InvalidDataException cause)
        {
            // Of a stream that decompresses.
            throw new CorruptDataException($"The trace is damaged within or behind line {Number}: {cause.Message} Copy it again.", cause) { Offset = _consumed };
        }
    }

    private void Grow()
    {
        if (_buffer.Length >= maxBytes)
        {
            throw new CorruptDataException($"Line {Number} is longer than {maxBytes} bytes, at byte {Offset}: this is no trace.") { Offset = Offset };
        }

        Array.Resize(ref _buffer, Math.Min(maxBytes, 2 * _buffer.Length));
    }
}
