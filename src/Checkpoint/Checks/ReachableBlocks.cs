namespace PageStore.Checkpoint;

/// <summary>
/// Marks every block that a root reaches, each once: what is live, exactly, where the segment table only keeps account. It reads all
/// nodes and records, and no content. For one thread, to be run once.
/// </summary>
/// <param name="root">The root.</param>
internal sealed class ReachableBlocks(FileRoot root)
{
    private readonly BlockMap _blocks = new(Layout.Unit);
    private readonly BlockMap _pages = new(root.Header.PageSize);
    private readonly SortedDictionary<long, long> _live = [];
    private readonly Dictionary<long, long> _ends = [];
    private readonly TreeCursor _accounts = new();
    private readonly Dictionary<long, SegmentClass?> _classes = [];

    /// <summary>Called for each block, once.</summary>
    public Action<ReachableBlock>? Visit { get; init; }

    /// <summary>Whether everything was read and nothing overlapped, so that <see cref="LiveBytes"/> is exact.</summary>
    public bool IsComplete { get; private set; } = true;

    /// <summary>Called for each damage, behind which the walk goes on beside; null stands for throwing the first one.</summary>
    public Action<CorruptDataException>? OnDamage { get; init; }

    public CancellationToken Cancellation { get; init; }

    /// <summary>Live bytes by segment; segments without any are left out, and so is what lies in meta segments.</summary>
    public IReadOnlyDictionary<long, long> LiveBytes => _live;

    /// <summary>The file offset at which the last block that <see cref="LiveBytes"/> counts in a segment ends.</summary>
    public IReadOnlyDictionary<long, long> Ends => _ends;

    /// <summary>The bytes of the blocks that <see cref="LiveBytes"/> leaves out.</summary>
    public long MetaBytes { get; private set; }

    /// <summary>Live bytes by segment, as <see cref="LiveBytes"/>.</summary>
    /// <exception cref="CorruptDataException">A node or a record is damaged, or blocks overlap.</exception>
    public static IReadOnlyDictionary<long, long> Measure(FileRoot root)
    {
        var blocks = new ReachableBlocks(root);
        blocks.Walk();
        return blocks.LiveBytes;
    }

    /// <summary>All blocks in the order in which they are met.</summary>
    /// <exception cref="CorruptDataException">A node or a record is damaged, or blocks overlap.</exception>
    public static IReadOnlyList<ReachableBlock> List(FileRoot root)
    {
        List<ReachableBlock> list = [];
        new ReachableBlocks(root) { Visit = list.Add }.Walk();
        return list;
    }

    public void Walk()
    {
        WalkTree(new Place(TreeKind.SegmentTable), root.Slot.Segments);
        WalkTree(new Place(TreeKind.SessionTable), root.Slot.Sessions);
        WalkTree(new Place(TreeKind.EpochDirectory), root.Slot.Directory);
    }

    private void WalkTree(Place place, TreeRoot tree)
    {
        if (EntryRules.CheckRoot(tree, place.Tree) is { } wrong)
        {
            Report(Damage.At(tree.Root.Offset, "the root of a tree is " + wrong));
        }
        else
        {
            WalkEntry(place, tree.Root, tree.Height, 0);
        }
    }

    private void WalkEntry(in Place place, Entry entry, int level, long number)
    {
        if (level == 0)
        {
            WalkLeaf(place, entry, number);
        }
        else if (entry.Kind == EntryKind.Node)
        {
            WalkNode(place, entry, level, number);
        }
    }

    private void WalkNode(in Place place, Entry entry, int level, long number)
    {
        Cancellation.ThrowIfCancellationRequested();
        var first = new Pfn(number << (TreeRoot.FanOutShift * level));
        if (!MarkNode(place, entry, first) || !_blocks.Expand(entry.Offset))
        {
            return;
        }

        Span<Entry> entries = stackalloc Entry[TreeRoot.FanOut];
        try
        {
            NodesOf(place).Read(entry, place.Tree, level, number, entries, out Entry baseEntry);
            if (baseEntry.Kind == EntryKind.Node)
            {
                MarkNode(place, baseEntry, first);
            }
        }
        catch (CorruptDataException damage)
        {
            Report(damage);
            return;
        }

        for (int slot = 0; slot < TreeRoot.FanOut; slot++)
        {
            WalkEntry(place, entries[slot], level - 1, (number << TreeRoot.FanOutShift) + slot);
        }
    }

    /// <summary>The session table is plain in encrypted files, too.</summary>
    private NodeReader NodesOf(in Place place) => place.Tree == TreeKind.SessionTable ? root.Nodes.Blocks.Opener!.Sessions.Nodes : root.Nodes;

    private bool MarkNode(in Place place, Entry entry, Pfn first) => Mark(entry, entry.StoredBytes, place.IsMeta ? BlockKind.MetaNode : BlockKind.Node, place.Epoch, first);

    private void WalkLeaf(in Place place, Entry entry, long key)
    {
        switch (place.Tree)
        {
            case TreeKind.EpochDirectory when entry.Kind == EntryKind.Record:
                WalkRecord(new EpochId(key), entry);
                break;
            case TreeKind.SessionTable when entry.Kind == EntryKind.Record:
                Mark(entry, entry.StoredBytes, BlockKind.MetaNode, default, new Pfn(key));
                break;
            case TreeKind.PageTable when ClassCounts.ClassOf(entry.Kind) == PageClass.Data:
                WalkPage(place, entry, new Pfn(key));
                break;
            case TreeKind.Blob when entry.Kind is EntryKind.Raw or EntryKind.Lz4:
                WalkChunk(place, entry, key);
                break;
        }
    }

    private void WalkPage(in Place place, Entry entry, Pfn pfn)
    {
        if (!Mark(entry, root.Header.PageSize, BlockKind.Page, place.Epoch, pfn) || entry.Kind != EntryKind.Patch)
        {
            return;
        }

        try
        {
            Mark(root.Nodes.Blocks.ReadBase(entry, pfn.Value), root.Header.PageSize, BlockKind.Page, place.Epoch, pfn);
        }
        catch (CorruptDataException damage)
        {
            Report(damage);
        }
    }

    private void WalkRecord(EpochId id, Entry entry)
    {
        Mark(entry, entry.StoredBytes, BlockKind.Record, id, default);
        EpochRecord record;
        try
        {
            record = root.ReadRecord(id, entry);
        }
        catch (CorruptDataException damage)
        {
            Report(damage);
            return;
        }

        WalkTree(new Place(TreeKind.PageTable, id), record.PageTable);
        foreach (BlobRef blob in (BlobRef[])[record.Written, record.Read, record.Pack?.Plan ?? default, .. record.Sections.Select(section => section.Content)])
        {
            WalkTree(new Place(TreeKind.Blob, id, blob.Length), blob.Tree);
        }

        foreach (Extent extent in record.Pack?.Extents ?? [])
        {
            int unpadded = (int)extent.Length - root.Nodes.Blocks.Overhead;
            Mark(Entry.RawOf(extent.Offset, default, default), unpadded, BlockKind.Extent, id, default);
        }
    }

    private void WalkChunk(in Place place, Entry entry, long number)
    {
        long plain = Math.Min(Layout.ChunkSize, place.BlobBytes - (number * Layout.ChunkSize));
        if (plain <= 0)
        {
            Report(Damage.At(entry.Offset, $"chunk {number} lies behind the {place.BlobBytes} bytes of its byte string"));
            return;
        }

        Mark(entry, entry.Kind == EntryKind.Raw ? (int)plain : entry.StoredBytes, BlockKind.Chunk, place.Epoch, new Pfn(number));
    }

    /// <summary>Marks a block and counts it if it is new; false where it is in the way of another or lies nowhere.</summary>
    private bool Mark(Entry entry, int unpadded, BlockKind kind, EpochId epoch, Pfn pfn)
    {
        int bytes = entry.BlockBytes(unpadded, root.Nodes.Blocks.Overhead);
        if (root.Nodes.Blocks.WhatIsWrongWith(entry.Offset, bytes) is { } wrong)
        {
            Report(Damage.At(entry.Offset, wrong));
            return false;
        }

        long segment = (entry.Offset - Layout.SegmentsOffset) / root.Header.SegmentSize;
        SegmentClass? segmentClass = ClassOf(segment);
        if (segmentClass is { } given && !Belongs(entry, kind, given))
        {
            Report(Damage.At(entry.Offset, $"a block of the kind {kind} lies in a segment of the class {given}"));
            return false;
        }

        BlockMark mark = (segmentClass == SegmentClass.Raw ? _pages : _blocks).Mark(entry.Offset, bytes, kind is BlockKind.MetaNode or BlockKind.Node or BlockKind.Record);
        if (mark == BlockMark.Overlap)
        {
            Report(Damage.At(entry.Offset, $"a block of {bytes} bytes overlaps another"));
        }
        else if (mark == BlockMark.New)
        {
            Count(new ReachableBlock(entry.Offset, bytes, kind, epoch, pfn, entry, unpadded), segment);
        }

        return mark != BlockMark.Overlap;
    }

    private void Count(ReachableBlock block, long segment)
    {
        if (block.Kind == BlockKind.MetaNode)
        {
            MetaBytes += block.StoredBytes;
        }
        else
        {
            _live[segment] = _live.GetValueOrDefault(segment) + block.StoredBytes;
            _ends[segment] = Math.Max(_ends.GetValueOrDefault(segment), block.Offset + block.StoredBytes);
        }

        Visit?.Invoke(block);
    }

    /// <summary>docs/format.md, "The file".</summary>
    private bool Belongs(Entry entry, BlockKind kind, SegmentClass segmentClass) => segmentClass switch
    {
        SegmentClass.Raw => kind == BlockKind.Page && entry.Form == EntryKind.Raw && entry.Offset % root.Header.PageSize == 0,
        SegmentClass.Packed => kind == BlockKind.Chunk || (kind == BlockKind.Page && (entry.Form != EntryKind.Raw || root.Header.Encryption is not null)),
        SegmentClass.Index => kind is BlockKind.Node or BlockKind.Record or BlockKind.Chunk,
        SegmentClass.Pack => kind == BlockKind.Extent,
        SegmentClass.Meta => kind == BlockKind.MetaNode,
        _ => false,
    };

    /// <summary>What the segment table says; a table that cannot be read says nothing, and is reported by the walk over itself.</summary>
    private SegmentClass? ClassOf(long segment)
    {
        if (!_classes.TryGetValue(segment, out SegmentClass? segmentClass))
        {
            segmentClass = root.TryReadAccount(_accounts, segment)?.Class;
            _classes.Add(segment, segmentClass);
        }

        return segmentClass;
    }

    private void Report(CorruptDataException damage)
    {
        IsComplete = false;
        if (OnDamage is null)
        {
            throw damage;
        }

        OnDamage(damage);
    }

    /// <summary>Which tree the walk is in, and whose.</summary>
    /// <param name="Tree">What the tree holds.</param>
    /// <param name="Epoch">The epoch, if it is one's.</param>
    /// <param name="BlobBytes">The length of the byte string, if it is one.</param>
    private readonly record struct Place(TreeKind Tree, EpochId Epoch = default, long BlobBytes = 0)
    {
        public bool IsMeta => Tree is TreeKind.EpochDirectory or TreeKind.SegmentTable or TreeKind.SessionTable;
    }
}
