namespace PageStore;

/// <summary>
/// A node of the tree of an image: 64 slots with claims to nodes below, or to frames. It is shared by all images that came from one fork and have not written below it; what is in it
/// changes only while one owner has it, and that one is reached through nodes that have one owner each. A node with one owner below one that has two belongs to two images.
/// </summary>
internal abstract class ImageNode
{
    /// <summary>log2 of <see cref="Slots"/>.</summary>
    public const int SlotShift = 6;

    /// <summary>Slots in a node: the fan-out of the page table in a checkpoint, and the bits of a word.</summary>
    public const int Slots = 1 << SlotShift;

    private int _owners;

    // Which slots an image changed, and which image. The node may have come to another image since, of which nothing in it is; so no fork has to clear anything.
    private long _writer;
    private ulong _written;

    /// <summary>
    /// How many own the node. Whoever reads 1, and is that one, may write: what other owners read was read before they let go, and what is read here comes after.
    /// </summary>
    public int Owners => Volatile.Read(ref _owners);

    /// <summary>Makes an empty node somebody's who is the only one.</summary>
    public void Begin() => (_owners, _writer, _written) = (1, 0, 0);

    /// <summary>Adds an owner to a node that has one.</summary>
    public void AddOwner()
    {
        if (Interlocked.Increment(ref _owners) <= 1)
        {
            Interlocked.Decrement(ref _owners);
            throw new InvalidOperationException("A node of an image has no owner, and was to be shared. An image was used by two threads at once.");
        }
    }

    /// <summary>Takes an owner away.</summary>
    /// <returns>Whether it was the last.</returns>
    public bool DropOwner()
    {
        int left = Interlocked.Decrement(ref _owners);
        if (left < 0)
        {
            Interlocked.Increment(ref _owners);
            throw new InvalidOperationException("A node of an image has no owner, and was to be released. An image was used by two threads at once.");
        }

        return left == 0;
    }

    /// <summary>Which slots <paramref name="image"/> changed; a bit each.</summary>
    public ulong WrittenBy(long image) => _writer == image ? _written : 0;

    /// <summary>Notes that <paramref name="image"/>, which alone has the node, changed slots.</summary>
    public void MarkWritten(long image, ulong slots) => (_writer, _written) = (image, WrittenBy(image) | slots);

    /// <summary>A node with the same content and one owner: each claim in it is shared.</summary>
    public ImageNode Copy(PageFramePool pool)
    {
        ImageNode copy = CopySlots(pool);
        (copy._writer, copy._written) = (_writer, _written);
        return copy;
    }

    /// <summary>Gives up all claims in a node that nobody owns, and puts it back.</summary>
    public abstract void Release(PageFramePool pool);

    /// <summary>A node of the same kind, with each claim in it shared.</summary>
    protected abstract ImageNode CopySlots(PageFramePool pool);
}
