namespace PageStore.Tests.Sharing;

/// <summary>An image as plain arrays, which a fork copies altogether: what every image is compared with.</summary>
internal sealed class ImageModel(int pageSize, int blockSize)
{
    private readonly Dictionary<long, byte[]> _pages = [];
    private readonly HashSet<long> _owned = [];

    /// <summary>How many blocks were changed since it was forked or made.</summary>
    public long OwnedBlocks => _owned.Count;

    /// <summary>The bytes of those that are not zero.</summary>
    public long OwnedBytes => _owned.Count(block => Block(block).ContainsAnyExcept((byte)0)) * (long)blockSize;

    /// <summary>The pages of these blocks, ascending.</summary>
    public IEnumerable<long> OwnedPages => _owned.Select(block => block * blockSize / pageSize).Distinct().Order();

    /// <summary>How many blocks are not zero.</summary>
    public long Blocks => _pages.Values.Sum(page => page.Chunk(blockSize).Count(block => block.AsSpan().ContainsAnyExcept((byte)0)));

    public byte[] Read(long page) => _pages.TryGetValue(page, out byte[]? bytes) ? bytes : new byte[pageSize];

    public void Write(long page, int offset, ReadOnlySpan<byte> source)
    {
        byte[] before = Read(page);
        byte[] after = (byte[])before.Clone();
        source.CopyTo(after.AsSpan(offset));
        _pages[page] = after;
        for (int at = 0; at < pageSize; at += blockSize)
        {
            if (!before.AsSpan(at, blockSize).SequenceEqual(after.AsSpan(at, blockSize)))
            {
                _owned.Add(((page * pageSize) + at) / blockSize);
            }
        }
    }

    public ImageModel Fork()
    {
        var fork = new ImageModel(pageSize, blockSize);
        foreach ((long page, byte[] bytes) in _pages)
        {
            fork._pages[page] = (byte[])bytes.Clone();
        }

        return fork;
    }

    private ReadOnlySpan<byte> Block(long block) => Read(block * blockSize / pageSize).AsSpan((int)(block * blockSize % pageSize), blockSize);
}
