namespace PageStore.Checkpoint.Tests;

/// <summary>A twin of the file that lets nobody read the content of pages but of those that were named.</summary>
internal sealed class WatchedStorage(IStorage inner) : IStorage
{
    private readonly HashSet<long> _begins = [];
    private readonly HashSet<long> _ends = [];
    private readonly List<(long Start, long End)> _others = [];
    private long _contentBytes;

    /// <summary>How much content was read.</summary>
    public long ContentBytes => Interlocked.Read(ref _contentBytes);

    public string Name => inner.Name;

    public long Length => inner.Length;

    /// <summary>A page of which all may be read. What lies between two such pages may be read on the way.</summary>
    public void Allow((long Start, long End) place)
    {
        _begins.Add(place.Start);
        _ends.Add(place.End);
    }

    /// <summary>A page that nobody may ask for.</summary>
    public void Forbid((long Start, long End) place) => _others.Add(place);

    public void Read(long offset, Span<byte> destination)
    {
        long end = offset + destination.Length;
        bool isWanted = _begins.Contains(offset) && _ends.Contains(end);
        if (!isWanted && _others.Any(other => other.Start < end && offset < other.End))
        {
            // Not an exception that stands for damage.
            throw new InvalidOperationException($"Bytes {offset} to {end} are read, which hold pages that nobody asked for.");
        }

        Interlocked.Add(ref _contentBytes, isWanted ? destination.Length : 0);
        inner.Read(offset, destination);
    }

    public void Write(long offset, IReadOnlyList<ReadOnlyMemory<byte>> parts) => inner.Write(offset, parts);

    public void Sync() => inner.Sync();

    public void Truncate(long length) => inner.Truncate(length);

    public void Dispose() => inner.Dispose();
}
