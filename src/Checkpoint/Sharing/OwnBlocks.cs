namespace PageStore.Checkpoint;

/// <summary>Told of what one version of a tree has and others have not.</summary>
internal interface IOwnBlockVisitor
{
    /// <summary>A node that no other version has.</summary>
    void VisitNode(Entry node);

    /// <summary>A block of content that no other version has in this place.</summary>
    /// <param name="block">Its entry: what the tree says, or the base of a patch.</param>
    /// <param name="key">The page, or the number of the chunk.</param>
    void VisitContent(Entry block, long key);

    /// <summary>A block that this version has as a whole page, and others only as the base of a patch.</summary>
    void VisitPinned(Entry block);

    /// <summary>A block that several others have in a place where this version, which stands between them, has it not.</summary>
    /// <param name="block">Its entry.</param>
    /// <param name="more">How many others have it, less one.</param>
    void VisitJoined(Entry block, int more);
}

/// <summary>
/// Compares one version of a tree with others, place by place, and tells what it alone has. What it shares is skipped without a read. A patched page has two blocks: its own, and the one that
/// it is a patch of. For one thread; not to be run within itself.
/// </summary>
/// <param name="nodes">Reads nodes and heads of patches.</param>
internal sealed class OwnBlocks(NodeReader nodes)
{
    // One row a level: the version's own node behind one for each other. Allocated once for the deepest tree.
    private readonly Node[][] _rows = new Node[TreeRoot.MaxHeight + 1][];
    private IOwnBlockVisitor _visitor = null!;
    private int[] _sides = [];

    /// <summary>Visits the blocks of the pages that an epoch has and others have not in the same places.</summary>
    /// <exception cref="CorruptDataException">A node or a patch is damaged.</exception>
    public void VisitPages(EpochRecord epoch, IReadOnlyList<EpochRecord> others, Action<Entry> visit) =>
        VisitTable(epoch, [.. others.Select(other => (other, 0))], new PageVisitor(visit));

    /// <summary>Visits a page table.</summary>
    /// <param name="epoch">Whose.</param>
    /// <param name="others">
    /// The epochs that it is compared with, and on which side each stands: what others of different sides have is told as joined, but with one side only nothing is.
    /// </param>
    /// <param name="visitor">Told of what it alone has.</param>
    /// <exception cref="CorruptDataException">A node or a patch is damaged.</exception>
    public void VisitTable(EpochRecord epoch, IReadOnlyList<(EpochRecord Epoch, int Side)> others, IOwnBlockVisitor visitor)
    {
        if (EntryRules.CheckRoot(epoch.PageTable, TreeKind.PageTable) is { } wrong)
        {
            throw Damage.At(epoch.Offset, "the root of a tree is " + wrong);
        }

        Begin(visitor, [.. others.Select(other => other.Side)]);
        Cell[] cells = [.. others.Select(other => AlignTo(epoch.PageTable.Height, other.Epoch.PageTable))];
        Walk(new Position(TreeKind.PageTable, epoch.PageTable.Height, 0), epoch.PageTable.Root, cells);
    }

    /// <summary>Visits a byte string, which nothing shares.</summary>
    /// <exception cref="CorruptDataException">A node is damaged.</exception>
    public void VisitBlob(BlobRef blob, long recordOffset, IOwnBlockVisitor visitor)
    {
        if (EntryRules.CheckRoot(blob.Tree, TreeKind.Blob) is { } wrong)
        {
            throw Damage.At(recordOffset, "the root of a tree is " + wrong);
        }

        Begin(visitor, []);
        Walk(new Position(TreeKind.Blob, blob.Tree.Height, 0), blob.Tree.Root, []);
    }

    private void Begin(IOwnBlockVisitor visitor, int[] sides)
    {
        _visitor = visitor;
        _sides = sides;
        for (int level = 1; level < _rows.Length; level++)
        {
            _rows[level] = new Node[sides.Length + 1];
        }
    }

    /// <summary>What another has at the root of a tree of this height; a higher one holds it in its slots 0.</summary>
    private Cell AlignTo(int height, TreeRoot tree)
    {
        Entry entry = tree.Root;
        Span<Entry> entries = stackalloc Entry[TreeRoot.FanOut];
        for (int level = tree.Height; level > height; level--)
        {
            nodes.Read(entry, TreeKind.PageTable, level, 0, entries);
            entry = entries[0];
        }

        return new Cell(entry, Math.Min(tree.Height, height));
    }

    private void Walk(Position at, Entry entry, ReadOnlySpan<Cell> others)
    {
        bool isShared = false;
        int side = -1;
        bool joins = false;
        for (int i = 0; i < others.Length; i++)
        {
            bool same = others[i].Level == at.Level && others[i].Entry == entry;
            isShared |= same;
            if (!same && others[i].Entry.HasBlock)
            {
                joins |= side >= 0 && side != _sides[i];
                side = _sides[i];
            }
        }

        if (isShared && !joins)
        {
            return;
        }

        if (at.Level == 0)
        {
            VisitLeaf(at, entry, others, joins);
        }
        else if (entry.Kind == EntryKind.Node || joins)
        {
            WalkNode(at, entry, others);
        }
    }

    private void WalkNode(Position at, Entry entry, ReadOnlySpan<Cell> others)
    {
        Node[] row = _rows[at.Level];
        nodes.ReadWithBase(entry, at.Tree, at.Level, at.Number, ref row[^1]);
        for (int i = 0; i < others.Length; i++)
        {
            ReadOther(at, others[i], ref row[i]);
        }

        if (entry.Kind == EntryKind.Node)
        {
            VisitNode(entry, row, others);
            if (row[^1].BaseEntry != entry)
            {
                VisitNode(row[^1].BaseEntry, row, others);
            }
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

    private void ReadOther(Position at, Cell other, ref Node node)
    {
        node.BaseEntry = Entry.Absent;
        if (other.Level == at.Level)
        {
            nodes.ReadWithBase(other.Entry, at.Tree, at.Level, at.Number, ref node);
        }
    }

    /// <summary>A node is another's, too, if that has it as the base of a patch.</summary>
    private void VisitNode(Entry node, ReadOnlySpan<Node> row, ReadOnlySpan<Cell> others)
    {
        for (int i = 0; i < others.Length; i++)
        {
            if (IsSameBlock(node, row[i].BaseEntry) || IsSameBlock(node, others[i].Entry))
            {
                return;
            }
        }

        _visitor.VisitNode(node);
    }

    private void VisitLeaf(Position at, Entry entry, ReadOnlySpan<Cell> others, bool joins)
    {
        Entry basis = BaseOf(at, entry);
        foreach (Entry block in (ReadOnlySpan<Entry>)[entry, basis])
        {
            if (block.HasBlock && !Has(at, others, block))
            {
                _visitor.VisitContent(block, at.Number);
            }
        }

        if (entry.IsWhole && at.Tree == TreeKind.PageTable && Has(at, others, entry) && !HasWhole(others, entry))
        {
            _visitor.VisitPinned(entry);
        }

        for (int i = 0; joins && i < others.Length; i++)
        {
            if (others[i].Level == 0)
            {
                VisitJoined(at, others[i].Entry, i, entry, basis, others);
                VisitJoined(at, BaseOf(at, others[i].Entry), i, entry, basis, others);
            }
        }
    }

    /// <summary>Tells of a block that the other of this index is the first to have, if more sides have it.</summary>
    private void VisitJoined(Position at, Entry block, int first, Entry entry, Entry basis, ReadOnlySpan<Cell> others)
    {
        if (!block.HasBlock || IsSameBlock(block, entry) || IsSameBlock(block, basis) || Has(at, others[..first], block))
        {
            return;
        }

        HashSet<int> sides = [];
        for (int i = first; i < others.Length; i++)
        {
            if (Has(at, others.Slice(i, 1), block))
            {
                sides.Add(_sides[i]);
            }
        }

        if (sides.Count > 1)
        {
            _visitor.VisitJoined(block, sides.Count - 1);
        }
    }

    /// <summary>Whether one of the others has a block in a place. The same block may stand under another page type, or as shared.</summary>
    private bool Has(Position at, ReadOnlySpan<Cell> others, Entry block)
    {
        foreach (Cell other in others)
        {
            if (other.Level == 0 && (IsSameBlock(block, other.Entry) || IsSameBlock(block, BaseOf(at, other.Entry))))
            {
                return true;
            }
        }

        return false;
    }

    private static bool HasWhole(ReadOnlySpan<Cell> others, Entry block)
    {
        foreach (Cell other in others)
        {
            if (other.Level == 0 && IsSameBlock(block, other.Entry))
            {
                return true;
            }
        }

        return false;
    }

    private Entry BaseOf(Position at, Entry entry) => at.Tree == TreeKind.PageTable ? nodes.Blocks.ReadBase(entry, at.Number) : Entry.Absent;

    private static bool IsSameBlock(Entry a, Entry b) => a.HasBlock && b.HasBlock && a.Offset == b.Offset;

    /// <summary>A place in a tree.</summary>
    private readonly record struct Position(TreeKind Tree, int Level, long Number)
    {
        public Position Child(int slot) => this with { Level = Level - 1, Number = (Number << TreeRoot.FanOutShift) + slot };
    }

    /// <summary>What another has at a place. A tree that is less high stands at its own level, which is that of the slots 0 above it.</summary>
    private readonly record struct Cell(Entry Entry, int Level);

    private sealed class PageVisitor(Action<Entry> visit) : IOwnBlockVisitor
    {
        public void VisitNode(Entry node)
        {
        }

        public void VisitContent(Entry block, long key) => visit(block);

        public void VisitPinned(Entry block)
        {
        }

        public void VisitJoined(Entry block, int more)
        {
        }
    }
}
