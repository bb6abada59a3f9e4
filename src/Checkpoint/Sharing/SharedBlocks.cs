namespace PageStore.Checkpoint;

/// <summary>
/// Counts how many pages name a block that several name, so that it is freed with the last of them. A page of several epochs, linked by their descent, that all have the block
/// counts once. Nothing of it is in the file: the counts follow from the page tables, and are made from them when first asked for. For one thread.
/// </summary>
internal sealed class SharedBlocks
{
    /// <summary>Blocks appended since the last commit that more than one page names: how many do.</summary>
    private readonly Dictionary<long, int> _fresh = [];

    /// <summary>Committed blocks that some page names as shared: how many name them. Null while nobody has asked.</summary>
    private Dictionary<long, int>? _committed;

    /// <summary>Whether the counts of committed blocks are known.</summary>
    public bool IsLoaded => _committed is not null;

    /// <summary>Notes one more page of a block that was appended since the last commit.</summary>
    public void AddFresh(long offset) => _fresh[offset] = _fresh.GetValueOrDefault(offset, 1) + 1;

    /// <summary>Whether more than one page named the block, which was appended since the last commit.</summary>
    public bool IsSharedFresh(long offset) => _fresh.ContainsKey(offset);

    /// <summary>Notes one page less of a block that was appended since the last commit; says whether it was the last.</summary>
    public bool ReleaseFresh(long offset) => Release(_fresh, offset);

    /// <summary>Forgets what was appended: it is committed, or abandoned.</summary>
    public void EndEpoch() => _fresh.Clear();

    /// <summary>Forgets the counts; they are made anew when asked for.</summary>
    public void Unload() => _committed = null;

    /// <summary>Makes the counts of all committed blocks, unless they are known.</summary>
    /// <param name="blocks">Walks page tables.</param>
    /// <param name="lineage">Which epoch came from which.</param>
    /// <param name="records">All epochs.</param>
    /// <exception cref="CorruptDataException">A table or a patch is damaged.</exception>
    public void Load(OwnBlocks blocks, Lineage lineage, SortedDictionary<long, EpochRecord> records)
    {
        if (_committed is not null)
        {
            return;
        }

        Dictionary<long, int> counts = [];
        for (int pass = 0; pass < 2; pass++)
        {
            foreach (EpochRecord record in records.Values)
            {
                // What an older neighbour has was counted with it.
                EpochRecord[] older = [.. lineage.NeighboursOf(record.Id).Where(id => id < record.Id).Select(id => records[id.Value])];
                blocks.VisitPages(record, older, entry => Count(counts, entry, pass));
            }
        }

        _committed = counts;
    }

    /// <summary>Counts the blocks of an epoch that is about to be committed, if the others are counted.</summary>
    /// <param name="blocks">Walks page tables, also those that are not in the file yet.</param>
    /// <param name="record">The epoch.</param>
    /// <param name="parent">The one that it came from; null for none.</param>
    /// <param name="isFresh">Whether a block was appended for it.</param>
    public void Add(OwnBlocks blocks, EpochRecord record, EpochRecord? parent, Func<long, bool> isFresh)
    {
        if (_committed is not { } counts)
        {
            return;
        }

        EpochRecord[] parents = parent is null ? [] : [parent];

        // A committed block that is not counted has one page so far.
        blocks.VisitPages(record, parents, entry => _ = entry.Kind == EntryKind.Shared && counts.TryAdd(entry.Offset, isFresh(entry.Offset) ? 0 : 1));
        blocks.VisitPages(record, parents, entry => Count(counts, entry, pass: 1));
    }

    /// <summary>Notes one page less of a committed block; says whether it was the last.</summary>
    public bool Release(long offset) => _committed is null || Release(_committed, offset);

    /// <summary>Notes that pages which were counted apart count as one from now on: the epoch that stood between theirs is gone.</summary>
    /// <param name="offset">The block.</param>
    /// <param name="count">How many less.</param>
    public void Merge(long offset, int count)
    {
        if (_committed is not null && _committed.TryGetValue(offset, out int pages))
        {
            _committed[offset] = pages - count;
        }
    }

    /// <summary>Whether more than one page may name a committed block.</summary>
    public bool IsShared(long offset) => _committed is not null && _committed.ContainsKey(offset);

    /// <summary>First the blocks that are named as shared, then every page that names one of them.</summary>
    private static void Count(Dictionary<long, int> counts, Entry entry, int pass)
    {
        if (pass == 0)
        {
            if (entry.Kind == EntryKind.Shared)
            {
                counts.TryAdd(entry.Offset, 0);
            }
        }
        else if (counts.TryGetValue(entry.Offset, out int pages))
        {
            counts[entry.Offset] = pages + 1;
        }
    }

    private static bool Release(Dictionary<long, int> counts, long offset)
    {
        if (!counts.TryGetValue(offset, out int pages))
        {
            return true;
        }

        if (pages > 1)
        {
            counts[offset] = pages - 1;
            return false;
        }

        counts.Remove(offset);
        return true;
    }
}
