namespace PageStore.Checkpoint;

/// <summary>
/// What can still be found in a damaged file: the header, and the epoch records, by the directory of the newest root, by that of the root
/// before it, and by their form where no directory says whether there is one. For one thread.
/// </summary>
internal sealed class SalvageSource : IDisposable
{
    private readonly SalvageStorage _storage;
    private readonly RepairOptions _options;
    private readonly LossLog _log;
    private readonly CancellationToken _cancellation;
    private readonly IReadOnlyList<RootSlot> _roots;
    private readonly SortedDictionary<EpochId, FoundRecord> _records = [];

    private long _lostRecords;

    private readonly Dictionary<EpochId, EpochId> _dropped = [];

    // Ids of which no directory could be asked: runs of keys, ascending.
    private List<(long First, long Count)> _unknown = [];

    private SalvageSource(SalvageStorage storage, RootFinder finder, FileHeader header, RepairOptions options, LossLog log, CancellationToken cancellation)
    {
        _storage = storage;
        _options = options;
        _log = log;
        _cancellation = cancellation;
        Header = header;
        HoldRoot();
        _roots = finder.ReadRoots(Header);
        var plain = new NodeReader(new BlockReader(storage, Header.SegmentSize, storage.Length, null, null, header.Outside));
        Nodes = Header.Keys is null ? plain : new NodeReader(new BlockReader(storage, Header.SegmentSize, storage.Length, null, new BlockOpener(Header.Keys, Sessions(plain), Header.FileId)));
    }

    public FileHeader Header { get; }

    /// <summary>Reads whatever lies in the file, whether or not a root still reaches it.</summary>
    public NodeReader Nodes { get; }

    /// <summary>What was found, by ascending id.</summary>
    public IReadOnlyCollection<FoundRecord> Records => _records.Values;

    /// <summary>The epochs that were dropped before, and the parent of each.</summary>
    public IReadOnlyDictionary<EpochId, EpochId> Dropped => _dropped;

    /// <summary>Whether the file stores each content once, or what differs from one.</summary>
    public bool Shares => _roots.Any(root => (root.RequiredFeatures & (FormatFeatures.Patches | FormatFeatures.SharedBlocks)) != 0);

    public long FileBytes => _storage.Length;

    /// <summary>Looks at a file.</summary>
    /// <exception cref="CorruptDataException">It has no header, or nothing of it can be found.</exception>
    /// <exception cref="UnsupportedException">It is of a version or has a feature that is not known, or the host has no cryptography.</exception>
    /// <exception cref="WrongKeyException">The key does not fit.</exception>
    public static SalvageSource Open(SalvageStorage storage, RepairOptions options, LossLog log, CancellationToken cancellation)
    {
        var finder = new RootFinder(storage, options);
        FileHeader header = finder.ReadHeader();
        header = header with { Outside = options.FindOutside?.Invoke(header) };
        try
        {
            var source = new SalvageSource(storage, finder, header, options, log, cancellation);
            source.FindRecords();
            return source;
        }
        catch
        {
            header.Keys?.Dispose();
            header.Outside?.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Header.Keys?.Dispose();
        Header.Outside?.Dispose();
    }

    /// <summary>
    /// Takes a lease on the newest root, which ends with the storage: what it reaches must not be reused while it is brought over. A file so damaged that
    /// it has no root to hold has no writer either.
    /// </summary>
    private void HoldRoot()
    {
        try
        {
            new RootLeases(_storage).Acquire(Header);
        }
        catch (PageStoreException)
        {
            // What is wrong with the file is for the salvage to find, and to say.
        }
    }

    /// <summary>The session table of the newest root, and behind it those of the others: a table only grows.</summary>
    private SessionTable Sessions(NodeReader plain)
    {
        SessionTable? table = null;
        foreach (RootSlot root in _roots.Reverse())
        {
            table = new SessionTable(plain, root.Sessions, Layout.SlotOffset(0, 0), table);
        }

        return table ?? new SessionTable(plain, default, Layout.SlotOffset(0, 0));
    }

    private void FindRecords()
    {
        long end = _roots.Count == 0 ? long.MaxValue : _roots[0].NextEpoch.Value;
        _unknown = [(1, end - 1)];
        foreach (RootSlot root in _roots)
        {
            AskDirectory(root, newest: ReferenceEquals(root, _roots[0]));
        }

        if (_unknown.Count > 0)
        {
            Scan();
        }

        if (_roots.Count == 0 && _records.Count == 0)
        {
            throw new CorruptDataException($"{_storage.Name} has no valid root and no epoch record. Nothing can be salvaged.") { Offset = Layout.SlotOffset(0, 0) };
        }

        long missing = _roots.Count == 0 ? 0 : _roots[0].EpochCount - _records.Count - _lostRecords;
        if (missing > 0)
        {
            _log.Add(null, "epoch directory", $"{missing} epochs cannot be found any more");
        }
        else if (_roots.Count == 0)
        {
            _log.Add(null, "root slots", "no root is valid; the epochs that were found may not be all");
        }
    }

    /// <summary>Takes the records that a directory names among the ids of which nothing is known yet.</summary>
    /// <param name="root">Whose directory.</param>
    /// <param name="newest">Whether its word is the last one: what it does not have is not there.</param>
    private void AskDirectory(RootSlot root, bool newest)
    {
        List<(long First, long Count)> lost = [];
        var walk = new TreeRunDiff(Nodes, TreeKind.EpochDirectory)
        {
            Visit = (key, _, _, entry) =>
            {
                if (key >= 1 && IsUnknown(key))
                {
                    Take(new EpochId(key), entry);
                }
            },
            Lost = (first, count, _) => lost.Add((first, count)),
            Cancellation = _cancellation,
        };
        if (_unknown.Count > 0)
        {
            walk.Run(default, root.Directory);
            _unknown = newest ? Clip(lost, root.NextEpoch.Value) : _unknown;
        }
    }

    private static List<(long First, long Count)> Clip(List<(long First, long Count)> runs, long end) =>
        [.. runs.Select(run => (First: Math.Max(1, run.First), End: Math.Min(end, run.First + run.Count)))
            .Where(run => run.End > run.First).Select(run => (run.First, run.End - run.First))];

    private bool IsUnknown(long id) => _unknown.Exists(run => id >= run.First && id - run.First < run.Count) && !_records.ContainsKey(new EpochId(id));

    private void Take(EpochId id, Entry entry)
    {
        if (entry.Kind == EntryKind.Dropped)
        {
            _dropped[id] = new EpochId((long)entry.Sum);
            return;
        }

        try
        {
            byte[] buffer = new byte[entry.StoredBytes];
            _records[id] = new FoundRecord(EpochRecordFormat.Read(Nodes.Blocks.ReadStored(entry, buffer), entry.Offset, id), IsChecked: true);
        }
        catch (CorruptDataException cause)
        {
            _lostRecords++;
            _log.Add(id, "record", cause);
        }
        catch (UnsupportedException cause)
        {
            _lostRecords++;
            _log.Add(id, "record", cause.Message);
        }
    }

    /// <summary>Searches index segments first, and those of which nobody knows what they hold last: guest memory can hold anything.</summary>
    private void Scan()
    {
        IRecordForm form = Nodes.Blocks.Opener is { } opener ? new SealedRecordForm(_storage, Nodes.Blocks, opener) : new PlainRecordForm(_storage);
        var scanner = new RecordScanner(_storage, form, _cancellation);
        long left = _options.MaxScanBytes;
        foreach (bool known in (bool[])[true, false])
        {
            ScanSegments(scanner, known, ref left);
        }

        foreach (EpochRecord record in scanner.Records())
        {
            _records[record.Id] = new FoundRecord(record, IsChecked: false);
        }

        if (left <= 0)
        {
            _log.Add(null, "epoch directory", $"only {_options.MaxScanBytes} bytes were searched for records");
        }
    }

    private void ScanSegments(RecordScanner scanner, bool known, ref long left)
    {
        var accounts = new TreeCursor();

        // Behind the end of the data there is nothing that was committed, however long the file claims to be.
        long dataEnd = _roots.Count == 0 ? _storage.Length : Math.Min(_storage.Length, _roots[0].DataEnd);
        long segments = (dataEnd - Layout.SegmentsOffset + Header.SegmentSize - 1) / Header.SegmentSize;
        for (long segment = 0; segment < segments && left > 0; segment++)
        {
            _cancellation.ThrowIfCancellationRequested();
            SegmentClass? segmentClass = ClassOf(accounts, segment);
            if (known ? segmentClass == SegmentClass.Index : segmentClass is null)
            {
                long start = Layout.SegmentsOffset + (segment * Header.SegmentSize);
                left -= scanner.Scan(start, Math.Min(start + Math.Min(left, Header.SegmentSize), EndOfCommitted(start)), id => IsUnknown(id.Value));
            }
        }
    }

    /// <summary>Behind the place where the newest root goes on in a segment lie records that were never committed, if any.</summary>
    private long EndOfCommitted(long start)
    {
        long end = start + Header.SegmentSize;
        long position = _roots.Count == 0 ? 0 : _roots[0].Append.Index;
        return position > start && position <= end ? position : _roots.Count == 0 ? end : Math.Min(end, _roots[0].DataEnd);
    }

    private SegmentClass? ClassOf(TreeCursor cursor, long segment)
    {
        foreach (RootSlot root in _roots)
        {
            try
            {
                cursor.Bind(Nodes, root.Segments, TreeKind.SegmentTable, 0);
                if (SegmentEntry.FromEntry(cursor.Get(segment), Header.SegmentSize) is { } account)
                {
                    return account.Class;
                }
            }
            catch (CorruptDataException)
            {
                // The root before may know it.
            }
        }

        return null;
    }
}
