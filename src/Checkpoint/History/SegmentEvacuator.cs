namespace PageStore.Checkpoint;

/// <summary>
/// Empties segments: stores the pages and the state sections of the kept epochs that lie in them anew, and gives these epochs new page tables and records
/// under their old ids. Each table is made from that of an older neighbour by what differed between the two before, and a page that several
/// epochs share moves once, so that they share afterwards what they shared before. For one thread.
/// </summary>
internal sealed class SegmentEvacuator
{
    /// <summary>
    /// Pages of runs that hold one thing altogether, in all epochs: 4 TiB. Each costs time, and a few bytes in a hostile file claim 2^40 of them.
    /// </summary>
    private const long MaxUniformPages = 1L << 30;

    private readonly WritableFile _file;
    private readonly Lineage _lineage;
    private readonly SortedDictionary<long, EpochRecord> _records;
    private readonly DeadRanges _dead;
    private readonly PageMover _mover;
    private long _uniformPages;

    /// <summary>Makes an evacuator.</summary>
    /// <param name="file">The file, between two commits.</param>
    /// <param name="lineage">Which epoch came from which.</param>
    /// <param name="records">The kept epochs; brought up to date.</param>
    /// <param name="dead">Takes what nothing reaches any more.</param>
    public SegmentEvacuator(WritableFile file, Lineage lineage, SortedDictionary<long, EpochRecord> records, DeadRanges dead)
    {
        _file = file;
        _lineage = lineage;
        _records = records;
        _dead = dead;
        _mover = new PageMover(file);
    }

    private bool HasPatches => (_file.Root.Slot.RequiredFeatures & FormatFeatures.Patches) != 0;

    /// <summary>Moves all that it can out of some segments, and commits that.</summary>
    /// <param name="segments">Full segments of pages.</param>
    /// <exception cref="CorruptDataException">A node is damaged, or the accounts are wrong; nothing is committed.</exception>
    /// <exception cref="StorageException">The medium failed or is full.</exception>
    public void Empty(IReadOnlySet<long> segments)
    {
        CountShares();
        _mover.Begin();
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
        var dead = new DeadRanges();
        ReleaseOldVersions(moved, dead);
        _file.Commit(changes, slot => slot);
        _file.Shares.Unload();

        // Not before: what is not committed is dead for nobody.
        _dead.Add(dead);
        foreach (LeafChange change in changes)
        {
            _records[change.Key] = moved[change.Key] with { Offset = change.Entry.Offset, StoredBytes = change.Entry.StoredBytes };
        }
    }

    private void CountShares()
    {
        if (_file.HasSharedBlocks)
        {
            _file.Shares.Load(new OwnBlocks(_file.Root.Nodes), _lineage, _records);
        }
    }

    /// <summary>
    /// The epoch's record with its new table and sections, or null if it stays as it is. Of epochs that come from each other, all behind the first
    /// that changes get new tables: what stays must be older, see <see cref="ReleaseOldVersions"/>.
    /// </summary>
    private EpochRecord? Move(EpochRecord record, IReadOnlySet<long> segments, SortedDictionary<long, EpochRecord> moved)
    {
        EpochId[] older = [.. _lineage.NeighboursOf(record.Id).Where(id => id < record.Id)];
        EpochRecord? parent = older.Length == 0 ? null : _records[older.Max().Value];
        if (!older.Any(id => moved.ContainsKey(id.Value)) && !Reaches(parent, record, segments))
        {
            return null;
        }

        // Without a parent it begins with itself: only what moves is changed.
        EpochRecord begin = parent is null ? record : moved.GetValueOrDefault(parent.Id.Value, parent);
        var table = new PageTableEdit(_file.Trees, begin.PageTable, begin.Counts);
        var epoch = new Epoch(_file.Root, record);
        var copies = new MovedCopies(_file.Nodes, HasPatches, older.Select(id => (_records[id.Value], moved.GetValueOrDefault(id.Value, _records[id.Value]))));
        VisitDifference(parent, record, (first, count, after) =>
        {
            ThrowIfTooMany(count, record);
            bool moves = IsPageIn(first, after, segments);
            for (var pfn = new Pfn(first); (moves || parent is not null) && pfn < new Pfn(first + count); pfn += 1)
            {
                table.Put(pfn, Place(epoch, pfn, after, moves, copies));
            }
        });
        return record with
        {
            PageTable = table.Finish(record.PageCount),
            Counts = table.Counts,
            Sections = [.. record.Sections.Select(section => LiesIn(section.Content, segments) ? section with { Content = _mover.Move(epoch, section) } : section)],
        };
    }

    /// <summary>What a page's entry becomes.</summary>
    private Entry Place(Epoch epoch, Pfn pfn, Entry entry, bool moves, MovedCopies copies)
    {
        bool mustMove = copies.HaveLeft(pfn, entry);
        Entry place = moves || mustMove ? copies.Find(pfn, entry) ?? _mover.Move(epoch, pfn, entry) : entry;
        return mustMove && place == entry
            ? throw Damage.InPage(epoch.Record.Id, pfn, Damage.At(entry.Offset, "the page cannot be read, and what it shares with another epoch would be freed"))
            : place;
    }

    private void ThrowIfTooMany(long count, EpochRecord record)
    {
        _uniformPages += count > 1 ? count : 0;
        if (_uniformPages > MaxUniformPages)
        {
            throw Damage.At(record.Offset, $"epoch {record.Id} claims more pages that are alike than can be put into a new table");
        }
    }

    /// <summary>Whether an epoch has something in the segments that the epoch it is compared with has not.</summary>
    private bool Reaches(EpochRecord? parent, EpochRecord record, IReadOnlySet<long> segments)
    {
        bool reaches = record.Sections.Any(section => LiesIn(section.Content, segments));
        VisitDifference(parent, record, (first, _, after) => reaches |= IsPageIn(first, after, segments));
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

    private bool LiesIn(BlobRef blob, IReadOnlySet<long> segments)
    {
        bool lies = false;
        new TreeDiff(_file.Root.Nodes, TreeKind.Blob, (_, _, chunk) => lies |= IsIn(chunk, segments)).Run(default, blob.Tree);
        return lies;
    }

    /// <summary>A patch keeps the segment of its base, too.</summary>
    private bool IsPageIn(long pfn, Entry entry, IReadOnlySet<long> segments) =>
        IsIn(entry, segments) || (entry.Kind == EntryKind.Patch && IsIn(_file.Root.Nodes.Blocks.ReadBase(entry, pfn), segments));

    private bool IsIn(Entry entry, IReadOnlySet<long> segments) =>
        (entry.IsWhole || entry.Kind == EntryKind.Patch) && segments.Contains(_file.Segments.SegmentOf(entry.Offset));

    /// <summary>
    /// Releases what only the old versions reach, the youngest first: then those of an epoch's neighbours that are still old are all older. What the
    /// old version shares with another old one, or with an epoch that stays, it shares with one of these, since what epochs share they share along the
    /// links between them, and both are older. What it shares with any new version is shared with its own, too.
    /// </summary>
    private void ReleaseOldVersions(SortedDictionary<long, EpochRecord> moved, DeadRanges dead)
    {
        var current = new Dictionary<long, EpochRecord>(_records);
        var remover = new EpochRemover(_file, _file.Nodes, dead);
        foreach ((long id, EpochRecord version) in moved.Reverse())
        {
            current[id] = version;
            remover.Replace(_records[id], version, [.. _lineage.NeighboursOf(new EpochId(id)).Select(neighbour => current[neighbour.Value])]);
        }
    }
}
