using System.Runtime.CompilerServices;

namespace PageStore;

/// <summary>
/// The memory of a guest as an image in memory that can be forked: <see cref="Fork"/> costs the same whatever the image holds, both then have the same bytes, and a write to one of them breaks the sharing of the
/// blocks that it changes and no others. What was never written is zero, and a block of zeros costs no frame. Nobody gets at the bytes but by copy.
/// <para>
/// Any number of threads may use images that share blocks at once, one thread an image; and while nobody writes or disposes an image, any number of threads may read and fork it. Whoever makes or forks one
/// disposes it, in any order, before the pool; every member that needs the content then throws <see cref="ObjectDisposedException"/>.
/// </para>
/// </summary>
public sealed partial class MemoryImage : IGuestMemory, IDisposable
{
    private readonly PageFramePool _pool;
    private readonly long _id;
    private readonly int _pageShift;
    private readonly int _blockShift;

    /// <summary>The level of the root; leaves are level 0.</summary>
    private readonly int _rootLevel;

    private NodeLease _root;
    private long _ownedFrames;
    private int _disposed;

    /// <summary>Makes an image of which every page is zero.</summary>
    /// <param name="pool">Where its blocks are kept; disposed by its owner, behind this image.</param>
    /// <param name="pageCount">How many pages it has, from 0 to <see cref="Pfn.MaxValue"/> + 1.</param>
    /// <param name="pageSize">In bytes, see <see cref="PageSizes"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    /// <exception cref="ObjectDisposedException">The pool is disposed.</exception>
    public MemoryImage(PageFramePool pool, long pageCount, int pageSize = PageSizes.Default)
    {
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentOutOfRangeException.ThrowIfNegative(pageCount);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(pageCount, Pfn.MaxValue + 1);
        PageSizes.ThrowIfInvalid(pageSize);
        (_pool, PageCount, PageSize) = (pool, pageCount, pageSize);
        _pageShift = int.Log2(pageSize);
        _blockShift = pool.Slabs.BlockShift;
        for (long leaves = pageCount << (_pageShift - _blockShift) >> ImageNode.SlotShift; leaves > 0; leaves >>= ImageNode.SlotShift)
        {
            _rootLevel++;
        }

        _id = pool.AddImage();
    }

    private MemoryImage(MemoryImage parent)
    {
        (_pool, PageCount, PageSize) = (parent._pool, parent.PageCount, parent.PageSize);
        (_pageShift, _blockShift, _rootLevel) = (parent._pageShift, parent._blockShift, parent._rootLevel);
        _id = _pool.AddImage();
        parent._root.ShareInto(ref _root);
    }

    /// <inheritdoc/>
    public int PageSize { get; }

    /// <inheritdoc/>
    public long PageCount { get; }

    /// <summary>
    /// How many blocks the image owns: those that it changed since it was forked or made. That does not depend on what became of other images. A block that was written
    /// with the bytes that it had is not changed, and one that was changed and changed back is owned.
    /// </summary>
    public long OwnedBlocks { get; private set; }

    /// <summary>The bytes of the frames that its <see cref="OwnedBlocks"/> have. One that became zero has none.</summary>
    public long OwnedBytes => _ownedFrames << _blockShift;

    /// <summary>The top of its tree, to be read as long as the image is not disposed; null where every page is zero.</summary>
    internal ImageNode? Root => _root.Node;

    /// <summary>
    /// Makes an image with the same bytes that owns nothing yet. Costs one count, whatever the image holds, and changes nothing of what this image owns. To know what is written from some moment on, fork then, and go on in the fork.
    /// </summary>
    public MemoryImage Fork()
    {
        ThrowIfDisposed();
        return new MemoryImage(this);
    }

    /// <summary>Reads a page.</summary>
    /// <param name="pfn">The page.</param>
    /// <param name="page">Exactly a page.</param>
    /// <exception cref="ArgumentOutOfRangeException">The image has no such page, or the span is none.</exception>
    public void Read(Pfn pfn, Span<byte> page)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(page.Length, PageSize);
        Read(pfn, 0, page);
    }

    /// <summary>Reads a part of a page.</summary>
    /// <param name="pfn">The page.</param>
    /// <param name="offset">The first byte of the part, in the page.</param>
    /// <param name="destination">Receives the part, which ends inside the page.</param>
    /// <exception cref="ArgumentOutOfRangeException">The image has no such page, or the part does not lie in it.</exception>
    public void Read(Pfn pfn, int offset, Span<byte> destination)
    {
        ThrowIfDisposed();
        CheckPages(pfn, 1);
        CheckPart(offset, destination.Length);
        ReadBytes((pfn.Value << _pageShift) + offset, destination);
    }

    /// <summary>Copies pages; all have the type <see cref="GuestPageType.Normal"/>. Thread-safe while nobody writes or disposes the image.</summary>
    /// <inheritdoc/>
    public void CopyPages(Pfn first, Span<byte> destination, Span<GuestPageType> types)
    {
        ThrowIfDisposed();
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, (long)types.Length << _pageShift, nameof(destination));
        CheckPages(first, types.Length);
        ReadBytes(first.Value << _pageShift, destination);
        types.Fill(GuestPageType.Normal);
    }

    /// <summary>Adds the pages to a bitmap of which the image owns a block, see <see cref="OwnedBlocks"/>. Costs what it owns, not what it has.</summary>
    /// <param name="owned">At least <see cref="PageCount"/> bits; none is cleared.</param>
    /// <exception cref="ArgumentException">The bitmap is too short.</exception>
    public void AddOwnedPages(PageBitmap owned)
    {
        ArgumentNullException.ThrowIfNull(owned);
        ThrowIfDisposed();
        if (owned.Length < PageCount)
        {
            throw new ArgumentException($"The bitmap has {owned.Length} bits, and the image {PageCount} pages.", nameof(owned));
        }

        AddOwned(Root, _rootLevel, 0, owned);
    }

    /// <summary>Gives up what the image owns alone, which is what this costs. May be called again.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _root.Dispose(_pool);
            _pool.RemoveImage();
        }
    }

    private void AddOwned(ImageNode? node, int level, long firstBlock, PageBitmap owned)
    {
        for (ulong written = node?.WrittenBy(_id) ?? 0; written != 0; written &= written - 1)
        {
            int slot = (int)ulong.TrailingZeroCount(written);
            long block = firstBlock + ((long)slot << (level * ImageNode.SlotShift));
            if (level == 0)
            {
                owned.Set(new Pfn(block >> (_pageShift - _blockShift)));
            }
            else
            {
                AddOwned(((InnerNode)node!)[slot].Node, level - 1, block, owned);
            }
        }
    }

    private void ReadBytes(long address, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            Span<byte> part = destination[..LengthInLeaf(address, destination.Length)];
            if (FindLeaf(address, out _) is { } leaf)
            {
                ReadLeaf(leaf, address, part);
            }
            else
            {
                part.Clear();
            }

            address += part.Length;
            destination = destination[part.Length..];
        }
    }

    private void ReadLeaf(LeafNode leaf, long address, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            Span<byte> part = destination[..LengthInBlock(address, destination.Length)];
            ref FrameLease lease = ref leaf[Slot(address, 0)];
            if (lease.IsEmpty)
            {
                part.Clear();
            }
            else
            {
                lease.Bytes(_pool.Slabs).Slice(InBlock(address), part.Length).CopyTo(part);
            }

            address += part.Length;
            destination = destination[part.Length..];
        }
    }

    /// <summary>The leaf of a byte, if there is one, and whether it and what is above it have this image as their only owner.</summary>
    private LeafNode? FindLeaf(long address, out bool sole)
    {
        ImageNode? node = Root;
        sole = node is { Owners: 1 };
        for (int level = _rootLevel; level > 0 && node is not null; level--)
        {
            node = ((InnerNode)node)[Slot(address, level)].Node;
            sole &= node is { Owners: 1 };
        }

        return (LeafNode?)node;
    }

    private int Slot(long address, int level) => (int)(address >> (_blockShift + (level * ImageNode.SlotShift))) & (ImageNode.Slots - 1);

    private int InBlock(long address) => (int)address & ((1 << _blockShift) - 1);

    private int LengthInBlock(long address, int length) => Math.Min(length, (1 << _blockShift) - InBlock(address));

    private int LengthInLeaf(long address, int length)
    {
        int bytes = ImageNode.Slots << _blockShift;
        return Math.Min(length, bytes - ((int)address & (bytes - 1)));
    }

    private void CheckPages(Pfn first, long count, [CallerArgumentExpression(nameof(first))] string? paramName = null)
    {
        if ((ulong)first.Value > (ulong)PageCount || count > PageCount - first.Value)
        {
            throw new ArgumentOutOfRangeException(paramName, first, $"{count} page(s) from {first} on do not lie in an image of {PageCount}.");
        }
    }

    private void CheckPart(int offset, int length)
    {
        if ((uint)offset > (uint)PageSize || length > PageSize - offset)
        {
            throw new ArgumentOutOfRangeException(nameof(offset), offset, $"{length} bytes from {offset} on do not lie in a page of {PageSize}.");
        }
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
}
