namespace PageStore.Checkpoint;

/// <summary>Reads parts of a file that can be sought in, which begins where the stream stands. For one thread.</summary>
internal sealed class DumpCoreInput
{
    private readonly Stream _stream;
    private readonly long _start;

    public DumpCoreInput(Stream stream)
    {
        _stream = stream;
        _start = stream.Position;
        Length = stream.Length - _start;
    }

    /// <summary>The bytes of the file.</summary>
    public long Length { get; }

    /// <summary>The format by the first bytes; the stream stands where it stood.</summary>
    public async ValueTask<bool> IsDumpCoreAsync(CancellationToken cancellationToken)
    {
        byte[] prefix = new byte[ImageFormats.PrefixLength];
        int read = await _stream.ReadAtLeastAsync(prefix, prefix.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        _stream.Seek(_start, SeekOrigin.Begin);
        return ImageFormats.IsDumpCore(prefix.AsSpan(0, read));
    }

    /// <summary>Throws unless the file has these bytes.</summary>
    /// <exception cref="CorruptDataException">It ends before them.</exception>
    public void Expect(long offset, long length, StreamPlace place)
    {
        if (offset < 0 || length < 0 || offset > Length - length)
        {
            throw place.Corrupt($"it takes {(ulong)length} bytes from offset {(ulong)offset} on, and the file has {Length}");
        }
    }

    /// <summary>Fills <paramref name="destination"/> from an offset on.</summary>
    /// <exception cref="CorruptDataException">The file ends before that.</exception>
    public async ValueTask FillAsync(long offset, Memory<byte> destination, StreamPlace place, CancellationToken cancellationToken)
    {
        Expect(offset, destination.Length, place);
        _stream.Seek(_start + offset, SeekOrigin.Begin);
        if (await _stream.ReadAtLeastAsync(destination, destination.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false) < destination.Length)
        {
            throw place.Corrupt("the file became shorter while it was read", offset);
        }
    }
}
