namespace PageStore.Checkpoint;

/// <summary>Where an image goes: zeros are holes in a new file, and bytes in a stream. For one thread.</summary>
internal sealed class SparseOutput
{
    /// <summary>Zeros written at once.</summary>
    private const int ZeroBytes = 1 << 20;

    private readonly Stream _stream;
    private readonly byte[]? _zeros;

    private SparseOutput(Stream stream, byte[]? zeros)
    {
        _stream = stream;
        _zeros = zeros;
    }

    /// <summary>A new file, which gets its length at once.</summary>
    /// <exception cref="IOException">The file system cannot have a file of this length.</exception>
    public static SparseOutput Of(FileStream file, long length)
    {
        try
        {
            file.SetLength(length);
            return new SparseOutput(file, null);
        }
        catch (ArgumentException cause)
        {
            // What the framework makes of EFBIG.
            throw new IOException($"{length} bytes are more than a file of this file system can have.", cause);
        }
    }

    /// <summary>A stream, which stays the caller's.</summary>
    public static SparseOutput Of(Stream stream) => new(stream, new byte[ZeroBytes]);

    public void Write(ReadOnlySpan<byte> bytes) => _stream.Write(bytes);

    public void WriteZeros(long count, CancellationToken cancellationToken)
    {
        if (_zeros is null)
        {
            _stream.Position += count;
            return;
        }

        for (; count > 0; count -= _zeros.Length)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _stream.Write(_zeros, 0, (int)Math.Min(count, _zeros.Length));
        }
    }
}
