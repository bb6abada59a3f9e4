namespace PageStore.Checkpoint;

/// <summary>
/// Empties segments: stores the pages of the kept epochs that lie in them anew, and gives these epochs new page tables and records under their old
/// ids. Each table is made from that of the epoch's nearest kept ancestor by what differed between the two before, so that epochs share afterwards
/// what they shared before. For one thread.
/// </summary>
internal sealed class SegmentEvacuator
{
    private readonly WritableFile _file;
    private readonly Lineage _lineage;
    private readonly SortedDictionary<long, EpochRecord> _records;
    private readonly PageMover _mover;

    /// <summary>Makes an evacuator.</summary>
    /// <param name="file">The file, between two commits.</param>
    /// <param name="lineage">Which epoch came from which.</param>
    /// <param name="records">The kept epochs; brought up to date.</param>
    public SegmentEvacuator(WritableFile file, Lineage lineage, SortedDictionary<long, EpochRecord> records)
    {
        _file = file;
        _lineage = lineage;
        _records = records;
        _mover = new PageMover(file);
    }

    /// <summary>Moves all pages out of some segments, and commits that.</summary>
    /// <param name="segments">Full segments of pages.</param>
    /// <exception cref="CorruptDataException">A node is damaged, or the accounts are wrong; nothing is committed.</exception>
    /// <exception cref="StorageException">The medium failed or is full.</exception>
    public void Empty(IReadOnlySet<long> segments)
    {
        SortedDictionary<long, EpochRecord> moved = [];
        foreach (EpochRecord record in _records.Values)
        {
            if (Move(record, segments, moved) is { } changed)
            {
                moved.Add(record.Id.Value, changed);
            }

            // The next table begins with this one, which stays as it is.
            _file.KeepVersion();
        }

        LeafChange[] changes = [.. moved.Values.Select(record => new LeafChange(record.Id.Value, 0, _file.AppendRecord(EpochRecordFormat.Write(record))))];
        ReleaseOldVersions(moved);
        _file.Commit(changes, slot => slot);
        foreach (LeafChange change in changes)
        {
            _records[change.Key] = moved[change.Key] with { Offset = change.Entry.Offset, StoredBytes = change.Entry.StoredBytes };
        }
    }

    /// <summary>The epoch's record with its new table, or null if nothing of it moves.</summary>
    private EpochRecord? Move(EpochRecord record, IReadOnlySet<long> segments, SortedDictionary<long, EpochRecord> moved)
    {
        EpochRecord? parent = BaseOf(record.Id) is { } id ? _records[id.Value] : null;
        bool parentMoved = parent is not null && moved.ContainsKey(parent.Id.Value);
        if (!parentMoved && !Reaches(parent, record, segments))
        {
            return null;
        }

        // Without a parent it begins with itself: only what moves is changed.
        EpochRecord begin = parent is null ? record : moved.GetValueOrDefault(parent.Id.Value, parent);
        var table = new PageTableEdit(_file.Trees, begin.PageTable, begin.Counts);
        var epoch = new Epoch(_file.Root, record);
        VisitDifference(parent, record, (first, count, after) =>
        {
            bool moves = IsIn(after, segments);
            for (var pfn = new Pfn(first); (moves || parent is not null) && pfn < new Pfn(first + count); pfn += 1)
            {
                table.Put(pfn, moves ? _mover.Move(epoch, pfn, after) : after);
            }
        });
        return record with { PageTable = table.Finish(record.PageCount), Counts = table.Counts };
    }

    /// <summary>Whether an epoch has something in the segments that the epoch it is compared with has not.</summary>
    private bool Reaches(EpochRecord? parent, EpochRecord record, IReadOnlySet<long> segments)
    {
        bool reaches = false;
        VisitDifference(parent, record, (_, _, after) => reaches |= IsIn(after, segments));
        return reaches;
    }

    private void VisitDifference(EpochRecord? parent, EpochRecord record, Action<long, long, Entry> visit)
    {
        long pages = Math.Max(record.PageCount, parent?.PageCount ?? 0);
        var diff = new TreeRunDiff(_file.Root.Nodes, TreeKind.PageTable)
        {
            Visit = (first, count, _, after) => visit(first, Math.Min(count, pages - first), after),
        };
        diff.Run(parent?.PageTable ?? default, record.PageTable);
    }

    private bool IsIn(Entry entry, IReadOnlySet<long> segments) =>
        entry.Kind is EntryKind.Raw or EntryKind.Lz4 && segments.Contains(_file.Segments.SegmentOf(entry.Offset));

    /// <summary>
    /// What an epoch is compared with: its nearest kept ancestor; where all its ancestors are dropped, the oldest of the epochs that came from the same
    /// one. Null for that one itself.
    /// </summary>
    private EpochId? BaseOf(EpochId id)
    {
        EpochId ancestor = _lineage.KeptAncestorOf(id);
        if (ancestor.Value != 0)
        {
            return ancestor;
        }

        EpochId oldest = _lineage.NeighboursOf(id).DefaultIfEmpty(id).Min();
        return oldest < id ? oldest : null;
    }

    /// <summary>
    /// Releases what only the old versions reach, the youngest first: then those of an epoch's neighbours that are still old are all older, and
    /// what the old version shares with any version that stays it shares with one of them, or with its own new version.
    /// </summary>
    private void ReleaseOldVersions(SortedDictionary<long, EpochRecord> moved)
    {
        var current = new Dictionary<long, EpochRecord>(_records);
        var remover = new EpochRemover(_file.Nodes, _file.Segments, _file.Header.PageSize, new DeadRanges());
        foreach ((long id, EpochRecord version) in moved.Reverse())
        {
            current[id] = version;
            remover.Replace(_records[id], [version, .. _lineage.NeighboursOf(new EpochId(id)).Select(neighbour => current[neighbour.Value])]);
        }
    }
}
