namespace PageStore;

/// <summary>
/// The slabs of a pool. Frames are taken and given many at a time under one lock; everything else goes without. Frames come from the slab with the lowest number that has room, so that the
/// others become empty, and an empty one is given back unless it is the only one: a pool at the border of a slab does not make and drop one over and over. Thread-safe.
/// </summary>
internal sealed class FrameSlabs
{
    private readonly Lock _lock = new();
    private readonly int _blockShift;
    private readonly int _slabShift;
    private readonly int _framesShift;
    private readonly long _limit;
    private readonly long? _capacity;

    // Some in it may be full or vacant by now; they are passed over where they come to the front.
    private readonly PriorityQueue<FrameSlab, int> _withRoom = new();
    private readonly Stack<FrameSlab> _vacant = new();

    // Grows by copies under the lock. A reader holds a frame, and so the array that it reads has that frame's slab.
    private FrameSlab[] _slabs = [];
    private int _known;
    private int _populated;
    private long _frames;
    private FrameSlab? _spare;

    public FrameSlabs(PageFramePoolOptions options)
    {
        _blockShift = int.Log2(options.BlockSize);
        _slabShift = options.SlabShift;
        _framesShift = _slabShift - _blockShift;
        _capacity = options.Capacity;
        _limit = Math.Min((_capacity ?? long.MaxValue) >> _blockShift, FrameLease.MaxPlaces);
    }

    /// <summary>log2 of the bytes in a frame.</summary>
    public int BlockShift => _blockShift;

    /// <summary>The slab of a frame, and its number in there.</summary>
    /// <param name="place">What <see cref="Take"/> gave and <see cref="Give"/> did not take back.</param>
    /// <param name="frame">Receives the number.</param>
    public FrameSlab Locate(int place, out int frame)
    {
        frame = place & ((1 << _framesShift) - 1);
        return Volatile.Read(ref _slabs)[place >> _framesShift];
    }

    /// <summary>Takes frames, each with one owner: all or none.</summary>
    /// <param name="places">Receives where they are.</param>
    /// <exception cref="CapacityException">There is no room for them.</exception>
    public void Take(Span<int> places)
    {
        lock (_lock)
        {
            if (places.Length > _limit - _frames)
            {
                throw Exhausted(places.Length);
            }

            // First the memory, which may not be had, and then the frames, which are there.
            while (((long)_populated << _framesShift) - _frames < places.Length)
            {
                Populate();
            }

            foreach (ref int place in places)
            {
                FrameSlab slab = NextWithRoom();
                _spare = slab == _spare ? null : _spare;
                place = (slab.Number << _framesShift) | slab.Take();
            }

            _frames += places.Length;
        }
    }

    /// <summary>Puts back frames that lost their last owner.</summary>
    public void Give(ReadOnlySpan<int> places)
    {
        lock (_lock)
        {
            foreach (int place in places)
            {
                FrameSlab slab = Locate(place, out int frame);
                slab.Give(frame);
                Queue(slab);
                if (slab.Used == 0)
                {
                    KeepOrVacate(slab);
                }
            }

            _frames -= places.Length;
        }
    }

    /// <summary>Gives all memory back; no frame may be in use.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            (_slabs, _known, _populated, _spare) = ([], 0, 0, null);
            _withRoom.Clear();
            _vacant.Clear();
        }
    }

    /// <summary>How many frames are in use, and how many slabs hold memory.</summary>
    public (long Frames, int Slabs) Count()
    {
        lock (_lock)
        {
            return (_frames, _populated);
        }
    }

    private void Populate()
    {
        if (!_vacant.TryPeek(out FrameSlab? slab))
        {
            slab = new FrameSlab(_known, _blockShift, _slabShift);
            if (_known == _slabs.Length)
            {
                var more = new FrameSlab[Math.Max(4, _known * 2)];
                _slabs.CopyTo(more, 0);
                Volatile.Write(ref _slabs, more);
            }

            _slabs[_known++] = slab;
            _vacant.Push(slab);
        }

        slab.Populate();
        _vacant.Pop();
        _populated++;
        Queue(slab);
    }

    private void Queue(FrameSlab slab)
    {
        if (!slab.IsQueued)
        {
            _withRoom.Enqueue(slab, slab.Number);
            slab.IsQueued = true;
        }
    }

    private FrameSlab NextWithRoom()
    {
        while (true)
        {
            FrameSlab slab = _withRoom.Peek();
            if (slab.HasRoom)
            {
                return slab;
            }

            _withRoom.Dequeue();
            slab.IsQueued = false;
        }
    }

    private void KeepOrVacate(FrameSlab slab)
    {
        if (_spare is null)
        {
            _spare = slab;
            return;
        }

        slab.Vacate();
        _vacant.Push(slab);
        _populated--;
    }

    private CapacityException Exhausted(int wanted) => new(
        $"{wanted} more frames of {1 << _blockShift} bytes are needed; {_frames} are in use, and the pool may have {_limit}"
        + (_capacity is { } bytes && _limit < FrameLease.MaxPlaces ? $" (a capacity of {bytes} bytes)" : "") + ". Dispose images that are not needed, or give the pool more capacity.");
}
