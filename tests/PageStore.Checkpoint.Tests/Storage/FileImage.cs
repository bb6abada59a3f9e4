namespace PageStore.Checkpoint.Tests;

/// <summary>Bytes that grow and shrink: what a cache or a medium holds of a file. Behind the length there are only zeros.</summary>
internal sealed class FileImage(ReadOnlySpan<byte> content)
{
    private byte[] _bytes = content.ToArray();

    public int Length { get; private set; } = content.Length;

    public ReadOnlySpan<byte> Content => _bytes.AsSpan(0, Length);

    public FileImage Copy() => new(Content);

    public void Write(long offset, ReadOnlySpan<byte> part)
    {
        int end = checked((int)offset + part.Length);
        Reserve(end);
        part.CopyTo(_bytes.AsSpan((int)offset));
        Length = Math.Max(Length, end);
    }

    public void Resize(long length)
    {
        Reserve((int)length);
        if (length < Length)
        {
            Array.Clear(_bytes, (int)length, Length - (int)length);
        }

        Length = (int)length;
    }

    /// <summary>As FALLOC_FL_PUNCH_HOLE with FALLOC_FL_KEEP_SIZE: zeros, and the length stays.</summary>
    public void Punch(long offset, long length)
    {
        int end = (int)Math.Min(offset + length, Length);
        if (offset < end)
        {
            Array.Clear(_bytes, (int)offset, end - (int)offset);
        }
    }

    /// <summary>Becomes longer by bytes that somebody else left on the medium.</summary>
    public void GrowStale(int length)
    {
        int from = Length;
        Resize(length);
        for (int at = from; at < length; at++)
        {
            // Anything but zeros will do, and the same each time.
            _bytes[at] = (byte)(0xA5 ^ (at * 31));
        }
    }

    private void Reserve(int length)
    {
        if (length > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(length, _bytes.Length * 2));
        }
    }
}
