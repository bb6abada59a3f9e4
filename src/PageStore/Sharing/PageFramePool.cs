namespace PageStore;

/// <summary>
/// The memory of <see cref="MemoryImage"/>s that share it: frames of a block each, with a count of owners, in slabs of 2 MiB that come as they are needed and go when they are empty (one empty slab is kept).
/// Images share frames only as forks of one another; those of two guests may use one pool, and have nothing in common but the capacity. Thread-safe. Whoever makes it disposes it, behind its images.
/// </summary>
public sealed class PageFramePool : IDisposable
{
    /// <summary>The number of images of a disposed pool: far enough below zero that tries to make one do not reach it.</summary>
    private const long Disposed = long.MinValue / 2;

    private readonly int _slabShift;
    private long _images;
    private long _lastImage;

    /// <summary>Makes a pool, which holds no memory yet.</summary>
    /// <param name="options">The size of blocks and the capacity; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public PageFramePool(PageFramePoolOptions? options = null)
    {
        options ??= new PageFramePoolOptions();
        options.Validate();
        BlockSize = options.BlockSize;
        _slabShift = options.SlabShift;
        Slabs = new FrameSlabs(options);
    }

    /// <summary>The unit of sharing in bytes.</summary>
    public int BlockSize { get; }

    /// <summary>The slabs.</summary>
    internal FrameSlabs Slabs { get; }

    /// <summary>The nodes of images.</summary>
    internal ImageNodes Nodes { get; } = new();

    /// <summary>What the pool holds now.</summary>
    public PageFrameStatistics GetStatistics()
    {
        (long frames, int slabs) = Slabs.Count();
        return new PageFrameStatistics(Math.Max(0, Volatile.Read(ref _images)), Nodes.Used, frames, frames * BlockSize, slabs, (long)slabs << _slabShift);
    }

    /// <summary>Gives the memory back. May be called again.</summary>
    /// <exception cref="InvalidOperationException">Images are not disposed yet. Nothing was done: they and the pool can be used as before.</exception>
    public void Dispose()
    {
        long images = Interlocked.CompareExchange(ref _images, Disposed, 0);
        if (images > 0)
        {
            throw new InvalidOperationException($"{images} image(s) of the pool are not disposed yet. Dispose them first.");
        }

        if (images == 0)
        {
            Slabs.Clear();
        }
    }

    /// <summary>Counts a new image.</summary>
    /// <returns>A number that no other image of the pool has, from 1 up.</returns>
    /// <exception cref="ObjectDisposedException">The pool is disposed.</exception>
    internal long AddImage()
    {
        if (Interlocked.Increment(ref _images) <= 0)
        {
            Interlocked.Decrement(ref _images);
            throw new ObjectDisposedException(nameof(PageFramePool));
        }

        return Interlocked.Increment(ref _lastImage);
    }

    /// <summary>Counts an image off that has given up all it owned.</summary>
    internal void RemoveImage() => Interlocked.Decrement(ref _images);
}
