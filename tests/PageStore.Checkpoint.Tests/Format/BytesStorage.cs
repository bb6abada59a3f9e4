namespace PageStore.Checkpoint.Tests;

/// <summary>A file that is an array, made to be damaged byte by byte: no locks, no copies. It can note which bytes were ever read.</summary>
internal sealed class BytesStorage(byte[] bytes, int length, bool[]? touched = null) : IStorage
{
    public string Name => "memory";

    public long Length => length;

    public void Read(long offset, Span<byte> destination)
    {
        if (offset < 0 || offset > length - destination.Length)
        {
            throw Damage.At(offset, "the file is truncated");
        }

        bytes.AsSpan((int)offset, destination.Length).CopyTo(destination);
        touched?.AsSpan((int)offset, destination.Length).Fill(true);
    }

    public void Write(long offset, IReadOnlyList<ReadOnlyMemory<byte>> parts) => throw new NotSupportedException("Only read here.");

    public void Sync()
    {
    }

    public void Truncate(long length) => throw new NotSupportedException("Only read here.");

    public void Dispose()
    {
    }
}
