namespace PageStore.Checkpoint;

/// <summary>A storage read past its cache, a window at a time. It does not own what it reads from, and does not write.</summary>
internal sealed class MediumStorage(IStorage storage) : IStorage
{
    /// <summary>A direct read costs as much as this many bytes from a disk, and blocks that belong together lie close together.</summary>
    private const int WindowBytes = 256 << 10;

    /// <summary>Pages, packed pages and nodes lie in different segments and are read in turns.</summary>
    private const int WindowCount = 4;

    private readonly Window[] _windows = [.. Enumerable.Range(0, WindowCount).Select(_ => new Window())];
    private int _next;

    public string Name => storage.Name;

    public long Length => storage.Length;

    public Guid HostRun => storage.HostRun;

    public void Read(long offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            ReadOnlySpan<byte> bytes = BytesFrom(offset);
            int count = Math.Min(bytes.Length, destination.Length);
            bytes[..count].CopyTo(destination);
            offset += count;
            destination = destination[count..];
        }
    }

    public void Write(long offset, IReadOnlyList<ReadOnlyMemory<byte>> parts) => throw new InvalidOperationException("Only read past the cache.");

    public void Sync() => throw new InvalidOperationException("Only read past the cache.");

    public void Truncate(long length) => throw new InvalidOperationException("Only read past the cache.");

    public void Dispose()
    {
    }

    private ReadOnlySpan<byte> BytesFrom(long offset)
    {
        foreach (Window window in _windows)
        {
            if (offset >= window.Offset && offset < window.Offset + window.Count)
            {
                return window.Bytes.AsSpan((int)(offset - window.Offset), (int)(window.Offset + window.Count - offset));
            }
        }

        Window fresh = _windows[_next++ % WindowCount];
        Fill(fresh, offset - (offset % WindowBytes));
        return offset < fresh.Offset + fresh.Count
            ? fresh.Bytes.AsSpan((int)(offset - fresh.Offset), (int)(fresh.Offset + fresh.Count - offset))
            : throw Damage.At(offset, $"{Name} is truncated");
    }

    private void Fill(Window window, long offset)
    {
        window.Count = 0;
        int count = (int)Math.Clamp(storage.Length - offset, 0, WindowBytes);
        storage.ReadMedium(offset, window.Bytes.AsSpan(0, count));
        window.Offset = offset;
        window.Count = count;
    }

    private sealed class Window
    {
        public long Offset { get; set; }

        public int Count { get; set; }

        public byte[] Bytes { get; } = new byte[WindowBytes];
    }
}
