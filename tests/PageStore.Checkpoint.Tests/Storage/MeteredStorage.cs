namespace PageStore.Checkpoint.Tests;

/// <summary>A twin of the file on a medium that counts its blocks, and has no more than it is told.</summary>
internal sealed class MeteredStorage(MemoryFile file) : IStorage
{
    private const long Block = 4096;

    private readonly MemoryStorage _inner = new(file);
    private readonly Lock _gate = new();
    private readonly HashSet<long> _blocks = [];

    /// <summary>How many bytes the medium has for the file.</summary>
    public long Capacity { get; set; } = long.MaxValue / 2;

    /// <summary>A block that cannot be read; -1 for none.</summary>
    public long BadOffset { get; set; } = -1;

    /// <summary>What readers hold, given what nobody may hold below.</summary>
    public Func<long, long> Held { get; set; } = limit => limit;

    /// <summary>Bytes written so far.</summary>
    public long Written { get; private set; }

    /// <summary>Bytes that the file takes.</summary>
    public long Allocated
    {
        get
        {
            lock (_gate)
            {
                return _blocks.Count * Block;
            }
        }
    }

    public string Name => _inner.Name;

    public long Length => _inner.Length;

    public long FreeBytes => Capacity - Allocated;

    public Guid HostRun => _inner.HostRun;

    public void Read(long offset, Span<byte> destination)
    {
        if (BadOffset >= offset && BadOffset < offset + destination.Length)
        {
            throw new StorageException("The medium failed.") { Errno = Fault.Eio };
        }

        _inner.Read(offset, destination);
    }

    public void Write(long offset, IReadOnlyList<ReadOnlyMemory<byte>> parts)
    {
        lock (_gate)
        {
            long end = offset + parts.Sum(part => (long)part.Length);
            Written += end - offset;
            for (long block = offset / Block; block * Block < end; block++)
            {
                _blocks.Add(block);
            }

            if (_blocks.Count * Block > Capacity)
            {
                throw new StorageException("The medium is full.") { Errno = Fault.Enospc };
            }
        }

        _inner.Write(offset, parts);
    }

    public void Sync() => _inner.Sync();

    public void Truncate(long length)
    {
        lock (_gate)
        {
            _blocks.RemoveWhere(block => block * Block >= length);
        }

        _inner.Truncate(length);
    }

    public bool TryPunch(long offset, long length)
    {
        lock (_gate)
        {
            _blocks.RemoveWhere(block => block * Block >= offset && (block + 1) * Block <= offset + length);
        }

        return _inner.TryPunch(offset, length);
    }

    public long OldestHeld(long limit) => Held(limit);

    public void Dispose() => _inner.Dispose();
}
