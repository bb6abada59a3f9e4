namespace PageStore;

public sealed partial class MemoryImage
{
    /// <summary>The most leaves that a page has blocks in: 64 KiB of blocks of 64 bytes, and pages begin where blocks do.</summary>
    private const int MaxLeaves = PageSizes.Max / PageFramePoolOptions.MinBlockSize / ImageNode.Slots;

    /// <summary>Writes a page, see <see cref="Write(Pfn, int, ReadOnlySpan{byte})"/>.</summary>
    /// <param name="pfn">The page.</param>
    /// <param name="page">Exactly a page.</param>
    /// <exception cref="ArgumentOutOfRangeException">The image has no such page, or the span is none.</exception>
    /// <exception cref="CapacityException">The pool has no room for the blocks that the write takes; the image is as it was.</exception>
    public void Write(Pfn pfn, ReadOnlySpan<byte> page)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(page.Length, PageSize);
        Write(pfn, 0, page);
    }

    /// <summary>
    /// Writes a part of a page. A block that others share is copied before it is changed; one that has these bytes already stays shared, and one that becomes zero gives up its frame, so that to clear whole
    /// blocks needs no room. A block that the image owns alone is written in place.
    /// </summary>
    /// <param name="pfn">The page.</param>
    /// <param name="offset">The first byte of the part, in the page.</param>
    /// <param name="source">The part, which ends inside the page.</param>
    /// <exception cref="ArgumentOutOfRangeException">The image has no such page, or the part does not lie in it.</exception>
    /// <exception cref="CapacityException">The pool has no room for the blocks that the write takes; the image is as it was.</exception>
    public void Write(Pfn pfn, int offset, ReadOnlySpan<byte> source)
    {
        ThrowIfDisposed();
        CheckPages(pfn, 1);
        CheckPart(offset, source.Length);
        long address = (pfn.Value << _pageShift) + offset;

        // First what changes and how many frames that takes, then the frames, and then nothing that can fail for want of them. Other images may give up their claims meanwhile, never
        // make new ones to what this image owns alone: so it is as many frames or fewer.
        Span<LeafChange> changes = stackalloc LeafChange[MaxLeaves];
        int frames = Plan(address, source, changes);
        if (frames == 0)
        {
            Apply(address, source, changes, []);
            return;
        }

        Span<FrameLease> fresh = stackalloc FrameLease[frames];
        FrameLease.Take(_pool.Slabs, fresh);
        try
        {
            Apply(address, source, changes, fresh);
        }
        finally
        {
            FrameLease.DisposeAll(_pool.Slabs, fresh);
        }
    }

    private int Plan(long address, ReadOnlySpan<byte> source, Span<LeafChange> changes)
    {
        int frames = 0;
        for (int i = 0; !source.IsEmpty; i++)
        {
            int length = LengthInLeaf(address, source.Length);
            frames += PlanLeaf(address, source[..length], ref changes[i]);
            address += length;
            source = source[length..];
        }

        return frames;
    }

    private int PlanLeaf(long address, ReadOnlySpan<byte> source, ref LeafChange change)
    {
        LeafNode? leaf = FindLeaf(address, out bool sole);
        int frames = 0;
        while (!source.IsEmpty)
        {
            ReadOnlySpan<byte> part = source[..LengthInBlock(address, source.Length)];
            int slot = Slot(address, 0);
            bool zero = !part.ContainsAnyExcept((byte)0);
            if (leaf is null || leaf[slot].IsEmpty)
            {
                // No frame: the block is zero.
                change.Add(slot, changed: !zero, zero);
                frames += zero ? 0 : 1;
            }
            else
            {
                ReadOnlySpan<byte> block = leaf[slot].Bytes(_pool.Slabs);
                zero = zero && RestIsZero(block, InBlock(address), part.Length);
                bool inPlace = sole && leaf[slot].IsSole(_pool.Slabs);

                // What is in place and owned already is not compared: there is nothing to be spared.
                bool changed = (inPlace && (leaf.WrittenBy(_id) >> slot & 1) != 0) || !block.Slice(InBlock(address), part.Length).SequenceEqual(part);
                change.Add(slot, changed, zero);
                frames += changed && !zero && !inPlace ? 1 : 0;
            }

            address += part.Length;
            source = source[part.Length..];
        }

        return frames;
    }

    private void Apply(long address, ReadOnlySpan<byte> source, ReadOnlySpan<LeafChange> changes, Span<FrameLease> fresh)
    {
        int used = 0;
        for (int i = 0; !source.IsEmpty; i++)
        {
            int length = LengthInLeaf(address, source.Length);
            if (changes[i].Changed != 0)
            {
                used += ApplyLeaf(OwnLeaf(address), address, source[..length], changes[i], fresh[used..]);
            }

            address += length;
            source = source[length..];
        }
    }

    private int ApplyLeaf(LeafNode leaf, long address, ReadOnlySpan<byte> source, LeafChange change, Span<FrameLease> fresh)
    {
        int used = 0;
        while (!source.IsEmpty)
        {
            ReadOnlySpan<byte> part = source[..LengthInBlock(address, source.Length)];
            int slot = Slot(address, 0);
            if ((change.Changed >> slot & 1) != 0)
            {
                ref FrameLease lease = ref leaf[slot];
                bool counted = (leaf.WrittenBy(_id) >> slot & 1) != 0;
                _ownedFrames -= counted && !lease.IsEmpty ? 1 : 0;
                OwnedBlocks += counted ? 0 : 1;
                if ((change.Zero >> slot & 1) != 0)
                {
                    lease.Dispose(_pool.Slabs);
                }
                else
                {
                    if (!lease.IsSole(_pool.Slabs))
                    {
                        Break(ref lease, ref fresh[used++], part.Length);
                    }

                    part.CopyTo(lease.Bytes(_pool.Slabs)[InBlock(address)..]);
                    _ownedFrames++;
                }
            }

            address += part.Length;
            source = source[part.Length..];
        }

        leaf.MarkWritten(_id, change.Changed);
        return used;
    }

    /// <summary>Puts a fresh frame in the place of one that others own too or of none, with its content unless that is written over altogether.</summary>
    private void Break(ref FrameLease lease, ref FrameLease fresh, int written)
    {
        if (written < _pool.BlockSize)
        {
            Span<byte> target = fresh.Bytes(_pool.Slabs);
            if (lease.IsEmpty)
            {
                target.Clear();
            }
            else
            {
                lease.Bytes(_pool.Slabs).CopyTo(target);
            }
        }

        lease.Dispose(_pool.Slabs);
        fresh.MoveInto(ref lease);
    }

    /// <summary>The leaf of a byte, for this image alone, and noted as changed on the way to it.</summary>
    private LeafNode OwnLeaf(long address)
    {
        ref NodeLease lease = ref _root;
        for (int level = _rootLevel; level > 0; level--)
        {
            var inner = (InnerNode)lease.Own(_pool, leaf: false);
            int slot = Slot(address, level);
            inner.MarkWritten(_id, 1UL << slot);
            lease = ref inner[slot];
        }

        return (LeafNode)lease.Own(_pool, leaf: true);
    }

    private static bool RestIsZero(ReadOnlySpan<byte> block, int offset, int length) =>
        !block[..offset].ContainsAnyExcept((byte)0) && !block[(offset + length)..].ContainsAnyExcept((byte)0);

    /// <summary>What a write does to the blocks of a leaf: a bit for each.</summary>
    private struct LeafChange
    {
        /// <summary>Blocks that get other bytes, or are written in place.</summary>
        public ulong Changed { get; private set; }

        /// <summary>Blocks of which every byte is zero then.</summary>
        public ulong Zero { get; private set; }

        public void Add(int slot, bool changed, bool zero)
        {
            Changed |= changed ? 1UL << slot : 0;
            Zero |= zero ? 1UL << slot : 0;
        }
    }
}
