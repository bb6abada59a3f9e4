namespace PageStore.Checkpoint;

/// <summary>Where an image goes: zeros are holes in a new file, and bytes in a stream. For one thread.</summary>
internal sealed class SparseOutput
{
    /// <summary>Zeros written at once.</summary>
    private const int ZeroBytes = 1 << 20;

    private readonly Stream _stream;
    private readonly byte[]? _zeros;
    private long _left;

    private SparseOutput(Stream stream, byte[]? zeros, long length)
    {
        _stream = stream;
        _zeros = zeros;
        _left = length;
    }

    /// <summary>A new file, which gets its length at once.</summary>
    /// <param name="file">The file.</param>
    /// <param name="length">Its length; what is written behind it is left out.</param>
    /// <exception cref="IOException">The file system cannot have a file of this length.</exception>
    public static SparseOutput OfNewFile(FileStream file, long length)
    {
        try
        {
            file.SetLength(length);
            return new SparseOutput(file, null, length);
        }
        catch (ArgumentException cause)
        {
            // What the framework makes of EFBIG.
            throw new IOException($"{length} bytes are more than a file of this file system can have.", cause);
        }
    }

    /// <summary>A stream, or a device, which stays the caller's.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="length">How many bytes it gets; what is written behind them is left out.</param>
    public static SparseOutput OfStream(Stream stream, long length) => new(stream, new byte[ZeroBytes], length);

    public void Write(ReadOnlySpan<byte> bytes)
    {
        int count = (int)Math.Min(bytes.Length, _left);
        _stream.Write(bytes[..count]);
        _left -= count;
    }

    public void WriteZeros(long count, CancellationToken cancellationToken)
    {
        long zeros = Math.Min(count, _left);
        _left -= zeros;
        if (_zeros is null)
        {
            _stream.Position += zeros;
            return;
        }

        for (; zeros > 0; zeros -= _zeros.Length)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _stream.Write(_zeros, 0, (int)Math.Min(zeros, _zeros.Length));
        }
    }
}
