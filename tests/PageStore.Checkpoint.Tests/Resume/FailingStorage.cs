namespace PageStore.Checkpoint.Tests;

/// <summary>A twin of the file whose reads fail now and then.</summary>
internal sealed class FailingStorage(IStorage inner, int seed) : IStorage
{
    private readonly Lock _gate = new();
    private readonly Random _random = new(seed);

    /// <summary>One of so many reads fails; 0 for none.</summary>
    public int FailOneOf { get; set; }

    public string Name => inner.Name;

    public long Length => inner.Length;

    public void Read(long offset, Span<byte> destination)
    {
        lock (_gate)
        {
            if (FailOneOf > 0 && _random.Next(FailOneOf) == 0)
            {
                throw new StorageException("The medium failed.") { Errno = Fault.Eio };
            }
        }

        inner.Read(offset, destination);
    }

    public void Write(long offset, IReadOnlyList<ReadOnlyMemory<byte>> parts) => inner.Write(offset, parts);

    public void Sync() => inner.Sync();

    public void Truncate(long length) => inner.Truncate(length);

    public void Dispose() => inner.Dispose();
}
