namespace PageStore.Checkpoint;

/// <summary>Tells what became of a page in an epoch's older neighbours, whose pages have moved already. For one thread.</summary>
internal sealed class MovedCopies
{
    private readonly NodeReader _nodes;
    private readonly bool _hasPatches;
    private readonly Neighbour[] _neighbours;

    /// <summary>Looks among neighbours.</summary>
    /// <param name="nodes">Reads nodes and patches, also those that are not in the file yet.</param>
    /// <param name="hasPatches">Whether some page may be a patch.</param>
    /// <param name="neighbours">Each as it was and as it is now.</param>
    public MovedCopies(NodeReader nodes, bool hasPatches, IEnumerable<(EpochRecord Before, EpochRecord After)> neighbours)
    {
        _nodes = nodes;
        _hasPatches = hasPatches;
        _neighbours = [.. neighbours.Select(pair => new Neighbour(Cursor(nodes, pair.Before), Cursor(nodes, pair.After), pair.Before != pair.After))];
    }

    /// <summary>The copy of a page's block, under the type that the entry has; null where no neighbour has the block.</summary>
    public Entry? Find(Pfn pfn, Entry entry)
    {
        foreach (Neighbour neighbour in _neighbours)
        {
            if (neighbour.HasMoved && neighbour.Before.Get(pfn.Value) is { HasBlock: true } old && old.Offset == entry.Offset)
            {
                return neighbour.After.Get(pfn.Value).WithType(entry.Type);
            }
        }

        return null;
    }

    /// <summary>
    /// Whether the neighbours had a block of a page, or what it is a patch of, and none has it any more: then the page must move, too. What epochs share they must share along the links
    /// between them, or who drops one of them, or its old version, frees what another still has. Only patches bring this about: of two against one base, one may move and the other not.
    /// </summary>
    /// <exception cref="CorruptDataException">A node or the head of a patch is damaged.</exception>
    public bool HaveLeft(Pfn pfn, Entry entry) => _hasPatches && entry.HasBlock && (HaveLeftBlock(pfn, entry) || HaveLeftBlock(pfn, _nodes.Blocks.ReadBase(entry, pfn.Value)));

    private bool HaveLeftBlock(Pfn pfn, Entry block) =>
        block.HasBlock && _neighbours.Any(neighbour => Has(neighbour.Before, pfn, block)) && !_neighbours.Any(neighbour => Has(neighbour.After, pfn, block));

    private bool Has(TreeCursor table, Pfn pfn, Entry block)
    {
        Entry entry = table.Get(pfn.Value);
        return entry.HasBlock && (entry.Offset == block.Offset || _nodes.Blocks.ReadBase(entry, pfn.Value).Offset == block.Offset);
    }

    private static TreeCursor Cursor(NodeReader nodes, EpochRecord record)
    {
        var cursor = new TreeCursor();
        cursor.Bind(nodes, record.PageTable, TreeKind.PageTable, record.Offset + EpochRecord.PageTableOffset);
        return cursor;
    }

    private readonly record struct Neighbour(TreeCursor Before, TreeCursor After, bool HasMoved);
}
