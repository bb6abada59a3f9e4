namespace PageStore.Checkpoint;

/// <summary>
/// Releases what one epoch alone reaches. A block is shared only along the links from epoch to parent and stays in its place of the
/// tree, so it is enough to compare the epoch with its nearest kept neighbours, place by place; what they share is skipped without a read. For one thread.
/// </summary>
internal sealed class EpochRemover
{
    private readonly NodeReader _nodes;
    private readonly SegmentAllocator _segments;
    private readonly int _pageSize;
    private readonly DeadRanges _dead;

    // One row a level: the epoch's own node, and one for each neighbour. Allocated once for the deepest tree.
    private readonly Node[][] _rows = new Node[TreeRoot.MaxHeight + 1][];

    public EpochRemover(NodeReader nodes, SegmentAllocator segments, int pageSize, DeadRanges dead)
    {
        _nodes = nodes;
        _segments = segments;
        _pageSize = pageSize;
        _dead = dead;
    }

    /// <summary>Releases the blocks that only <paramref name="epoch"/> reaches.</summary>
    /// <param name="epoch">The epoch that goes.</param>
    /// <param name="neighbours">The kept epochs next to it.</param>
    /// <exception cref="CorruptDataException">A node is damaged, or the accounts are wrong.</exception>
    public void Remove(EpochRecord epoch, IReadOnlyList<EpochRecord> neighbours)
    {
        RemoveTable(epoch, neighbours);
        foreach (BlobRef blob in (IEnumerable<BlobRef>)[epoch.Written, epoch.Read, .. epoch.Sections.Select(section => section.Content)])
        {
            Remove(blob);
        }

        if (epoch.Pack is { } pack)
        {
            Remove(pack);
        }
    }

    /// <summary>Releases a resume pack, of which nothing else reaches any part.</summary>
    /// <inheritdoc cref="Remove(EpochRecord, IReadOnlyList{EpochRecord})" path="/exception"/>
    public void Remove(PackRef pack)
    {
        AllocateRows(neighbours: 0);
        Remove(pack.Plan);
        foreach (Extent extent in pack.Extents)
        {
            Release(extent.Offset, (int)extent.Length);
        }
    }

    /// <summary>Releases what only an epoch as it was reaches: its sets and most of its sections are kept by its new record.</summary>
    /// <param name="epoch">The epoch as it was.</param>
    /// <param name="version">The epoch as it is now.</param>
    /// <param name="neighbours">The kept epochs next to it.</param>
    /// <inheritdoc cref="Remove(EpochRecord, IReadOnlyList{EpochRecord})" path="/exception"/>
    public void Replace(EpochRecord epoch, EpochRecord version, IReadOnlyList<EpochRecord> neighbours)
    {
        RemoveTable(epoch, [version, .. neighbours]);
        foreach (StateSection section in epoch.Sections.Except(version.Sections))
        {
            Remove(section.Content);
        }
    }

    private void RemoveTable(EpochRecord epoch, IReadOnlyList<EpochRecord> neighbours)
    {
        AllocateRows(neighbours.Count);
        Check(epoch);
        Cell[] others = [.. neighbours.Select(neighbour => AlignTo(epoch.PageTable.Height, neighbour.PageTable))];
        Walk(new Position(TreeKind.PageTable, epoch.PageTable.Height, 0, 0), epoch.PageTable.Root, others);
        Release(epoch.Offset, epoch.StoredBytes);
    }

    private void AllocateRows(int neighbours)
    {
        for (int level = 1; level < _rows.Length; level++)
        {
            _rows[level] = new Node[neighbours + 1];
        }
    }

    /// <summary>Nothing shares a byte string.</summary>
    private void Remove(BlobRef blob) => Walk(new Position(TreeKind.Blob, blob.Tree.Height, 0, blob.Length), blob.Tree.Root, []);

    private static void Check(EpochRecord epoch)
    {
        foreach ((TreeRoot tree, TreeKind kind) in (IEnumerable<(TreeRoot, TreeKind)>)[(epoch.PageTable, TreeKind.PageTable), (epoch.Written.Tree, TreeKind.Blob), (epoch.Read.Tree, TreeKind.Blob)])
        {
            if (EntryRules.CheckRoot(tree, kind) is { } wrong)
            {
                throw Damage.At(epoch.Offset, "the root of a tree is " + wrong);
            }
        }
    }

    /// <summary>What a neighbour has at the root of a tree of this height; a higher one holds it in its slots 0.</summary>
    private Cell AlignTo(int height, TreeRoot tree)
    {
        Entry entry = tree.Root;
        Span<Entry> entries = stackalloc Entry[TreeRoot.FanOut];
        for (int level = tree.Height; level > height; level--)
        {
            _nodes.Read(entry, TreeKind.PageTable, level, 0, entries);
            entry = entries[0];
        }

        return new Cell(entry, Math.Min(tree.Height, height));
    }

    private void Walk(Position at, Entry entry, ReadOnlySpan<Cell> others)
    {
        foreach (Cell other in others)
        {
            if (other.Level == at.Level && other.Entry == entry)
            {
                return;
            }
        }

        if (at.Level == 0)
        {
            ReleaseLeaf(at, entry, others);
        }
        else if (entry.Kind == EntryKind.Node)
        {
            WalkNode(at, entry, others);
        }
    }

    private void WalkNode(Position at, Entry entry, ReadOnlySpan<Cell> others)
    {
        Node[] row = _rows[at.Level];
        _nodes.ReadWithBase(entry, at.Tree, at.Level, at.Number, ref row[^1]);
        for (int i = 0; i < others.Length; i++)
        {
            ReadNeighbour(at, others[i], ref row[i]);
        }

        ReleaseNode(entry, row, others);
        if (row[^1].BaseEntry != entry)
        {
            ReleaseNode(row[^1].BaseEntry, row, others);
        }

        var below = new Cell[others.Length];
        for (int slot = 0; slot < TreeRoot.FanOut; slot++)
        {
            for (int i = 0; i < others.Length; i++)
            {
                below[i] = others[i].Level == at.Level ? new Cell(row[i].Entries[slot], at.Level - 1)
                    : slot == 0 ? others[i] : new Cell(Entry.Absent, at.Level - 1);
            }

            Walk(at.Child(slot), row[^1].Entries[slot], below);
        }
    }

    private void ReadNeighbour(Position at, Cell other, ref Node node)
    {
        node.BaseEntry = Entry.Absent;
        if (other.Level == at.Level)
        {
            _nodes.ReadWithBase(other.Entry, at.Tree, at.Level, at.Number, ref node);
        }
    }

    /// <summary>A node stays if a neighbour has it, be it as the base of a patch.</summary>
    private void ReleaseNode(Entry node, ReadOnlySpan<Node> row, ReadOnlySpan<Cell> others)
    {
        for (int i = 0; i < others.Length; i++)
        {
            if (IsSameBlock(node, row[i].BaseEntry) || IsSameBlock(node, others[i].Entry))
            {
                return;
            }
        }

        Release(node.Offset, node.StoredBytes);
    }

    /// <summary>The same block may stand under another page type.</summary>
    private void ReleaseLeaf(Position at, Entry entry, ReadOnlySpan<Cell> others)
    {
        foreach (Cell other in others)
        {
            if (other.Level == 0 && IsSameBlock(entry, other.Entry))
            {
                return;
            }
        }

        if (entry.HasBlock)
        {
            Release(entry.Offset, entry.BlockBytes(PlainBytes(at), _nodes.Blocks.Overhead));
        }
    }

    private static bool IsSameBlock(Entry a, Entry b) => a.HasBlock && b.HasBlock && a.Offset == b.Offset;

    private int PlainBytes(Position at) =>
        at.Tree == TreeKind.PageTable ? _pageSize : (int)Math.Min(Layout.ChunkSize, at.BlobLength - (at.Number * Layout.ChunkSize));

    private void Release(long offset, int bytes)
    {
        _segments.Release(offset, bytes);
        _dead.Add(offset, bytes);
    }

    /// <summary>A place in a tree.</summary>
    private readonly record struct Position(TreeKind Tree, int Level, long Number, long BlobLength)
    {
        public Position Child(int slot) => this with { Level = Level - 1, Number = (Number << TreeRoot.FanOutShift) + slot };
    }

    /// <summary>What a neighbour has at a place. A tree that is less high stands at its own level, which is that of the slots 0 above it.</summary>
    private readonly record struct Cell(Entry Entry, int Level);
}
