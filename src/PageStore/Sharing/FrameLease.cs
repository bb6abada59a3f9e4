namespace PageStore;

/// <summary>
/// One owner's claim to one frame; the default is none. A lease stays where it is: it lies in a slot of a leaf, or among the frames that a write has ready, and goes from one such
/// place to another by <see cref="MoveInto"/> alone, which empties the first. No member takes or returns one by value, none tells where the frame is, and to dispose one takes it out of its place. So a claim can
/// neither be given up twice nor be written over and forgotten, which the tests hold against a count of all slots.
/// </summary>
internal struct FrameLease
{
    /// <summary>How many frames can be told apart: 512 GiB of 512 bytes each.</summary>
    public const int MaxPlaces = 1 << 30;

    // Its place in the slabs plus 1, so that the default is none.
    private int _place;

    /// <summary>Whether there is no claim: the block is zero.</summary>
    public readonly bool IsEmpty => _place == 0;

    /// <summary>Takes frames, one for each lease: all or none.</summary>
    /// <param name="slabs">From where.</param>
    /// <param name="leases">Empty ones.</param>
    /// <exception cref="CapacityException">There is no room for them; the leases are empty still.</exception>
    public static void Take(FrameSlabs slabs, Span<FrameLease> leases)
    {
        Span<int> places = stackalloc int[ImageNode.Slots];
        for (int taken = 0; taken < leases.Length;)
        {
            Span<int> part = places[..Math.Min(places.Length, leases.Length - taken)];
            try
            {
                slabs.Take(part);
            }
            catch
            {
                DisposeAll(slabs, leases);
                throw;
            }

            foreach (int place in part)
            {
                leases[taken++].Claim(place);
            }
        }
    }

    /// <summary>Gives up all claims, and takes the lock once for up to 64 frames that nobody owns then.</summary>
    public static void DisposeAll(FrameSlabs slabs, Span<FrameLease> leases)
    {
        Span<int> unowned = stackalloc int[ImageNode.Slots];
        int count = 0;
        foreach (ref FrameLease lease in leases)
        {
            if (lease.DropOwner(slabs, out int place))
            {
                unowned[count++] = place;
                if (count == unowned.Length)
                {
                    slabs.Give(unowned);
                    count = 0;
                }
            }
        }

        if (count > 0)
        {
            slabs.Give(unowned[..count]);
        }
    }

    /// <summary>Gives up the claim, if there is one.</summary>
    public void Dispose(FrameSlabs slabs)
    {
        if (DropOwner(slabs, out int place))
        {
            slabs.Give([place]);
        }
    }

    /// <summary>The bytes of the frame; to be written only by whoever <see cref="IsSole">owns it alone</see>.</summary>
    public readonly Span<byte> Bytes(FrameSlabs slabs) => Locate(slabs, out int frame).Bytes(frame);

    /// <summary>Whether there is a frame and this is the only claim to it. Only who holds the lease can change that, once it is true.</summary>
    public readonly bool IsSole(FrameSlabs slabs) => !IsEmpty && Locate(slabs, out int frame).Owners(frame) == 1;

    /// <summary>Makes one more claim to the same frame.</summary>
    /// <param name="slabs">Where the frame is.</param>
    /// <param name="target">Where the claim goes: an empty lease.</param>
    public readonly void ShareInto(FrameSlabs slabs, ref FrameLease target)
    {
        if (!IsEmpty)
        {
            target.ThrowIfTaken();
            Locate(slabs, out int frame).AddOwner(frame);
            target._place = _place;
        }
    }

    /// <summary>Moves the claim; this lease is empty then.</summary>
    /// <param name="target">Where it goes: an empty lease.</param>
    public void MoveInto(ref FrameLease target)
    {
        target.ThrowIfTaken();
        (target._place, _place) = (_place, 0);
    }

    /// <summary>The slab of the frame, and its number in there.</summary>
    internal readonly FrameSlab Locate(FrameSlabs slabs, out int frame) => slabs.Locate(_place - 1, out frame);

    private void Claim(int place)
    {
        ThrowIfTaken();
        _place = place + 1;
    }

    private bool DropOwner(FrameSlabs slabs, out int place)
    {
        place = Interlocked.Exchange(ref _place, 0) - 1;
        return place >= 0 && slabs.Locate(place, out int frame).DropOwner(frame);
    }

    private readonly void ThrowIfTaken()
    {
        if (!IsEmpty)
        {
            throw new InvalidOperationException("A lease was to be written over, and its frame would be lost. An image was used by two threads at once.");
        }
    }
}
