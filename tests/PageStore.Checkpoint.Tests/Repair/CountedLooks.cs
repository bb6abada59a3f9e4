namespace PageStore.Checkpoint.Tests;

/// <summary>A file that may be looked at only so often, be it for its bytes or its length: what would take minutes fails at once.</summary>
internal sealed class CountedLooks(IStorage file, int limit) : IStorage
{
    private int _looks;

    public string Name => file.Name;

    public long Length
    {
        get
        {
            Count();
            return file.Length;
        }
    }

    public void Read(long offset, Span<byte> destination)
    {
        Count();
        file.Read(offset, destination);
    }

    public void Write(long offset, IReadOnlyList<ReadOnlyMemory<byte>> parts) => throw new NotSupportedException("A damaged file is only read.");

    public void Sync()
    {
    }

    public void Truncate(long length) => throw new NotSupportedException("A damaged file is only read.");

    public void Dispose() => file.Dispose();

    private void Count()
    {
        if (++_looks > limit)
        {
            throw new InvalidOperationException($"More than {limit} looks.");
        }
    }
}
