using PageStore.Checkpoint;

namespace PageStore.Fuzz;

/// <summary>A sparse file in memory that is written and read, up to a limit at which the medium is full.</summary>
/// <param name="maxBytes">The most bytes that may hold something.</param>
internal sealed class PagedStorage(int maxBytes) : IStorage
{
    private const int PageSize = 4096;

    // The writer's thread writes while its producer reads what is written already.
    private readonly Lock _gate = new();
    private readonly Dictionary<long, byte[]> _pages = [];
    private long _length;

    public string Name => "memory";

    public long FreeBytes => maxBytes;

    public long Length => Interlocked.Read(ref _length);

    /// <summary>Whether something did not fit any more.</summary>
    public bool IsFull { get; private set; }

    public void Read(long offset, Span<byte> destination)
    {
        lock (_gate)
        {
            if (offset < 0 || offset > _length - destination.Length)
            {
                throw new CorruptDataException($"offset {offset}: the file ends before") { Offset = offset };
            }

            for (int at = 0, part; at < destination.Length; at += part)
            {
                part = PartOf(offset + at, destination.Length - at);
                ReadPart(offset + at, destination.Slice(at, part));
            }
        }
    }

    public void Write(long offset, IReadOnlyList<ReadOnlyMemory<byte>> parts)
    {
        lock (_gate)
        {
            foreach (ReadOnlyMemory<byte> part in parts)
            {
                WriteBytes(offset, part.Span);
                offset += part.Length;
                _length = Math.Max(_length, offset);
            }
        }
    }

    public void Truncate(long length)
    {
        TryPunch(length, _length - length);
        lock (_gate)
        {
            _length = length;
        }
    }

    public bool TryPunch(long offset, long length)
    {
        lock (_gate)
        {
            for (int part; length > 0; offset += part, length -= part)
            {
                part = PartOf(offset, length);
                if (_pages.TryGetValue(offset / PageSize, out byte[]? page))
                {
                    page.AsSpan((int)(offset % PageSize), part).Clear();
                }
            }
        }

        return true;
    }

    /// <summary>Nobody else reads it.</summary>
    public long OldestHeld(long limit) => limit;

    public void Sync()
    {
    }

    /// <summary>Leaves the content: whoever wrote it is done, and it is read now.</summary>
    public void Dispose()
    {
    }

    private static int PartOf(long offset, long length) => (int)Math.Min(length, PageSize - (offset % PageSize));

    private void ReadPart(long offset, Span<byte> part)
    {
        if (_pages.TryGetValue(offset / PageSize, out byte[]? page))
        {
            page.AsSpan((int)(offset % PageSize), part.Length).CopyTo(part);
        }
        else
        {
            part.Clear();
        }
    }

    private void WriteBytes(long offset, ReadOnlySpan<byte> bytes)
    {
        for (int at = 0, part; at < bytes.Length; at += part)
        {
            part = PartOf(offset + at, bytes.Length - at);
            bytes.Slice(at, part).CopyTo(PageAt(offset + at).AsSpan((int)((offset + at) % PageSize)));
        }
    }

    private byte[] PageAt(long offset)
    {
        if (_pages.TryGetValue(offset / PageSize, out byte[]? page))
        {
            return page;
        }

        if ((_pages.Count + 1) * (long)PageSize > maxBytes)
        {
            IsFull = true;
            throw new StorageException($"The medium is full: it has {maxBytes} bytes.");
        }

        return _pages[offset / PageSize] = new byte[PageSize];
    }
}
