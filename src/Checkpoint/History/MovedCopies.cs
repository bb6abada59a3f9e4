namespace PageStore.Checkpoint;

/// <summary>Finds where a page went that an epoch shares with an older neighbour whose pages have moved already. For one thread.</summary>
internal sealed class MovedCopies
{
    private readonly (TreeCursor Before, TreeCursor After)[] _neighbours;

    /// <summary>Looks among neighbours.</summary>
    /// <param name="nodes">Reads nodes, also those that are not in the file yet.</param>
    /// <param name="neighbours">Each as it was and as it is now.</param>
    public MovedCopies(NodeReader nodes, IEnumerable<(EpochRecord Before, EpochRecord After)> neighbours) =>
        _neighbours = [.. neighbours.Where(pair => pair.Before != pair.After).Select(pair => (Cursor(nodes, pair.Before), Cursor(nodes, pair.After)))];

    /// <summary>The copy of a page's block, under the type that the entry has; null where no neighbour has the block.</summary>
    public Entry? Find(Pfn pfn, Entry entry)
    {
        foreach ((TreeCursor before, TreeCursor after) in _neighbours)
        {
            Entry old = before.Get(pfn.Value);
            if (old.HasBlock && old.Offset == entry.Offset)
            {
                return after.Get(pfn.Value).WithType(entry.Type);
            }
        }

        return null;
    }

    private static TreeCursor Cursor(NodeReader nodes, EpochRecord record)
    {
        var cursor = new TreeCursor();
        cursor.Bind(nodes, record.PageTable, TreeKind.PageTable, record.Offset + EpochRecord.PageTableOffset);
        return cursor;
    }
}
