namespace PageStore;

/// <summary>
/// Frames that lie in one array, with their counts of owners and a free list. What takes and gives frames is called under the lock of <see cref="FrameSlabs"/>; the counts and the bytes of a frame
/// are for whoever owns it. A slab without an array is vacant: it keeps its number and nothing else.
/// </summary>
internal sealed class FrameSlab(int number, int blockShift, int slabShift)
{
    /// <summary>
    /// log2 of a slab's bytes: 2 MiB, one huge page. It is far above what the collector moves (85 000 bytes), what counts a slab is nothing beside it, and a small image
    /// holds no more than that too much.
    /// </summary>
    public const int DefaultShift = 21;

    // Arrays of its own, not ones of ArrayPool: what a thread does that breaks the rules of an image then meets another image at worst, and never a stranger's buffer; and a
    // guest's bytes are not handed to whoever rents next.
    private byte[] _bytes = [];
    private int[] _owners = [];
    private ushort[] _free = [];
    private int _freeCount;
    private int _untouched;

    /// <summary>Which slab it is.</summary>
    public int Number => number;

    /// <summary>How many frames are in use.</summary>
    public int Used { get; private set; }

    /// <summary>Whether it has an array.</summary>
    public bool HasMemory => _bytes.Length > 0;

    /// <summary>Whether a frame can be taken.</summary>
    public bool HasRoom => Used < _owners.Length;

    /// <summary>Whether it stands in the queue of slabs with room.</summary>
    public bool IsQueued { get; set; }

    /// <summary>Gives a vacant slab its memory, which the kernel brings as it is touched.</summary>
    public void Populate()
    {
        int frames = 1 << (slabShift - blockShift);
        var owners = new int[frames];
        var free = new ushort[frames];
        _bytes = GC.AllocateUninitializedArray<byte>(1 << slabShift);
        (_owners, _free, _freeCount, _untouched) = (owners, free, 0, 0);
    }

    /// <summary>Gives the memory of a slab without frames in use back to the collector.</summary>
    public void Vacate() => (_bytes, _owners, _free) = ([], [], []);

    /// <summary>Takes a frame, which has one owner then; its bytes are whatever was there.</summary>
    public int Take()
    {
        // Used ones first: their memory is there already.
        int frame = _freeCount > 0 ? _free[--_freeCount] : _untouched++;
        _owners[frame] = 1;
        Used++;
        return frame;
    }

    /// <summary>Puts back a frame that lost its last owner.</summary>
    public void Give(int frame)
    {
        _free[_freeCount++] = (ushort)frame;
        Used--;
    }

    /// <summary>The bytes of a frame.</summary>
    public Span<byte> Bytes(int frame) => _bytes.AsSpan(frame << blockShift, 1 << blockShift);

    /// <summary>
    /// How many own a frame. Whoever reads 1, and is that one, may write: what other owners read was read before they let go, and what is read here comes after.
    /// </summary>
    public int Owners(int frame) => Volatile.Read(ref _owners[frame]);

    /// <summary>Adds an owner to a frame that has one.</summary>
    public void AddOwner(int frame)
    {
        if (Interlocked.Increment(ref _owners[frame]) <= 1)
        {
            Interlocked.Decrement(ref _owners[frame]);
            throw new InvalidOperationException($"Frame {frame} of slab {number} has no owner, and was to be shared. An image was used by two threads at once.");
        }
    }

    /// <summary>Takes an owner away.</summary>
    /// <returns>Whether it was the last.</returns>
    public bool DropOwner(int frame)
    {
        int left = Interlocked.Decrement(ref _owners[frame]);
        if (left < 0)
        {
            Interlocked.Increment(ref _owners[frame]);
            throw new InvalidOperationException($"Frame {frame} of slab {number} has no owner, and was to be released. An image was used by two threads at once.");
        }

        return left == 0;
    }
}
