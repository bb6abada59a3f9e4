namespace PageStore.Checkpoint;

/// <summary>
/// Drops epochs and gives their space back: docs/format.md, "Epoch directory" and "Leases". For one thread.
/// </summary>
internal sealed class Pruner(WritableFile file, PrunePolicy policy)
{
    private readonly DeadRanges _dead = new();
    private readonly Lineage _lineage = new();
    private readonly SortedDictionary<long, EpochRecord> _records = [];
    private long _pinned;

    public PruneReport Run()
    {
        List<(EpochId Id, EpochId Parent)> links = Load();
        List<EpochId> dropped = Choose();
        if (dropped.Count > 0)
        {
            Drop(dropped);
            LeafChange[] changes = Changes(dropped, links);
            file.Commit(changes, slot => slot with { EpochCount = slot.EpochCount - dropped.Count });
        }

        // What the return moves was not dead before.
        long dead = _dead.Bytes;
        (long returned, bool isHeld) = policy.ReturnSpace ? new SpaceReturner(file, _lineage, _records, _dead).Run() : default;
        return new PruneReport(dropped, dead, returned, isHeld, _pinned);
    }

    /// <summary>Reads all records, and the links of epochs dropped earlier, which are returned.</summary>
    private List<(EpochId Id, EpochId Parent)> Load()
    {
        List<(EpochId, EpochId)> links = [];
        foreach ((EpochId id, Entry entry) in file.Root.DirectoryEntries())
        {
            bool isDropped = entry.Kind == EntryKind.Dropped;
            EpochId parent = isDropped ? new EpochId((long)entry.Sum) : (_records[id.Value] = file.Root.ReadRecord(id, entry)).Parent;
            _lineage.Add(id, parent, isDropped);
            if (isDropped)
            {
                links.Add((id, parent));
            }
        }

        return links;
    }

    private List<EpochId> Choose()
    {
        List<EpochId> dropped = [];
        int younger = _records.Count;
        foreach (EpochRecord record in _records.Values)
        {
            younger--;
            if (!policy.Keeps(record, younger, _records.Values.Last().Time))
            {
                dropped.Add(record.Id);
            }
        }

        return dropped;
    }

    private void Drop(List<EpochId> dropped)
    {
        if (file.HasSharedBlocks)
        {
            file.Shares.Load(new OwnBlocks(file.Root.Nodes), _lineage, _records);
        }

        var remover = new EpochRemover(file, file.Root.Nodes, _dead);
        foreach (EpochId id in dropped)
        {
            EpochRecord record = _records[id.Value];
            remover.Remove(record, [.. _lineage.SidesOf(id).Select(neighbour => (_records[neighbour.Id.Value], file.Shares.IsLoaded ? neighbour.Side : 0))]);
            _lineage.Drop(id);
            _records.Remove(id.Value);
        }

        _pinned = remover.PinnedBytes;
    }

    /// <summary>What the directory says of dropped epochs after this, where it said something else before.</summary>
    private LeafChange[] Changes(List<EpochId> dropped, List<(EpochId Id, EpochId Parent)> linksBefore)
    {
        SortedDictionary<long, Entry> entries = [];
        foreach (EpochId id in dropped.Concat(linksBefore.Select(link => link.Id)))
        {
            entries[id.Value] = Entry.Absent;
        }

        foreach ((long id, EpochId parent) in _lineage.Dropped())
        {
            entries[id] = Entry.DroppedOf(parent);
        }

        return [.. entries.Select(pair => new LeafChange(pair.Key, 0, pair.Value))];
    }
}
