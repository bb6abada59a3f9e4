namespace PageStore.Checkpoint;

/// <summary>
/// The file under a writer: where blocks are appended, the trees that name them, and the commit that makes them reachable. For one
/// thread. The caller disposes it.
/// </summary>
internal sealed class WritableFile : IDisposable
{
    private readonly RootJournal _journal;
    private readonly WriteBehind _behind;
    private readonly SegmentAppender _metaAppender;
    private readonly MetaTrees _meta;
    private readonly SyncSchedule _schedule;
    private readonly BlockSealer? _sealer;
    private readonly TimeProvider _clock;

    public WritableFile(IStorage storage, FileHeader header, CheckpointWriterOptions options)
    {
        Storage = storage;
        Header = header;
        _clock = options.Clock;
        _schedule = new SyncSchedule(options);
        _journal = RootJournal.Open(storage, header);
        RootHash.ThrowUnless(Root, storage.Name, options.ExpectedRoot);
        _behind = new WriteBehind(storage);
        Segments = new SegmentAllocator(header.SegmentSize);
        Raw = new SegmentAppender(SegmentClass.Raw, Segments, _behind);
        Packed = new SegmentAppender(SegmentClass.Packed, Segments, _behind);
        Index = new SegmentAppender(SegmentClass.Index, Segments, _behind);
        Pack = new SegmentAppender(SegmentClass.Pack, Segments, _behind);
        _metaAppender = new SegmentAppender(SegmentClass.Meta, Segments, _behind);
        BlockOpener? opener = header.Keys is null ? null : Root.OpenerOf(storage, header.Keys);
        SessionWriter? sessions = header.Keys is null ? null : new SessionWriter(header, options, storage, _metaAppender);
        _sealer = sessions is null ? null : new BlockSealer(header.FileId, () => sessions.Begin(Root.Nodes.Blocks.Opener!.Sessions, opener!));
        Blocks = new BlockAppender(_sealer);
        Nodes = new NodeReader(new BlockReader(storage, header.SegmentSize, long.MaxValue, [Index, _metaAppender, Packed, Raw], opener, header.Outside));
        Codec = options.Codec;
        Sharing = options.Sharing is { } sharing
            ? new PageSharing(new PageTwins(this, sharing.IndexBytes), new PagePatcher(this, int.Log2(sharing.BlockSize)))
            : null;
        PageTables = Sharing is null ? null : new NodeCache();
        Trees = new TreeWriter(Nodes, Index, Blocks, Segments, header.PageSize, Shares) { Freed = ForgetContent, PageTables = PageTables };
        _meta = new MetaTrees(Nodes, _metaAppender, Blocks, sessions, Segments, header);
        Guard(LoadAccounts);
    }

    public IStorage Storage { get; }

    public FileHeader Header { get; }

    public SegmentAllocator Segments { get; }

    public SegmentAppender Raw { get; }

    public SegmentAppender Packed { get; }

    public SegmentAppender Index { get; }

    /// <summary>Takes resume packs, each from a segment of its own on: no root goes on where one ends.</summary>
    public SegmentAppender Pack { get; }

    /// <summary>Reads nodes and patches, also those that are not in the file yet.</summary>
    public NodeReader Nodes { get; }

    /// <summary>Appends blocks, sealed if the file is encrypted.</summary>
    public BlockAppender Blocks { get; }

    public TreeWriter Trees { get; }

    /// <summary>Reads blocks of pages, also those that are not in the file yet.</summary>
    public BlockReader Contents => Nodes.Blocks;

    /// <summary>Packs pages, and what differs of them.</summary>
    public IPageCodec Codec { get; }

    /// <summary>Finds what is stored already; null where each page is to be stored for itself.</summary>
    public PageSharing? Sharing { get; }

    /// <summary>
    /// Keeps nodes of page tables; null where each page is stored for itself. Whoever shares looks each written page up in the parent, and then changes its entry: both read the same node.
    /// </summary>
    public NodeCache? PageTables { get; }

    /// <summary>Counts the pages of blocks that several pages name.</summary>
    public SharedBlocks Shares { get; } = new();

    /// <summary>Whether some block may be named by several pages.</summary>
    public bool HasSharedBlocks => ((Root.Slot.RequiredFeatures | Trees.NewFeatures) & FormatFeatures.SharedBlocks) != 0;

    /// <summary>The current root.</summary>
    public FileRoot Root => _journal.Current;

    /// <summary>How long the writing thread was inside writes, all in all.</summary>
    public TimeSpan WriteTime => _behind.WriteTime;

    /// <summary>Where whole pages go: sealed ones cannot be aligned.</summary>
    public SegmentAppender RawTarget => Header.Keys is null ? Raw : Packed;

    /// <summary>Bytes appended for epochs since the file was opened.</summary>
    public long BytesAppended => Raw.BytesAppended + Packed.BytesAppended + Index.BytesAppended;

    private AppendPositions Positions => new(Raw.Position, Packed.Position, Index.Position, _metaAppender.Position);

    /// <summary>Appends a block of the index whose sum is that of its stored bytes.</summary>
    public Entry AppendRecord(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Blocks.Begin(Index, bytes.Length));
        return Blocks.End(EntryKind.Record, ContentSum.Of(bytes));
    }

    /// <summary>Makes everything appended reachable by a new root, as durably as the mode says.</summary>
    /// <param name="directory">What changes in the epoch directory, by ascending epoch.</param>
    /// <param name="update">What else the new root says.</param>
    /// <param name="synced">Whether to sync in any case.</param>
    public void Commit(ReadOnlySpan<LeafChange> directory, Func<RootSlot, RootSlot> update, bool synced = false)
    {
        // The session table is written before the trees whose nodes may be the session's first blocks.
        _sealer?.Begin();
        RootSlot slot = _meta.Update(Root.Slot, directory, _journal.NextSequence, Positions);
        FlushAll();
        slot = update(slot) with
        {
            Time = _clock.GetUtcNow(),
            DataEnd = Segments.EndOfData(Positions),
            SegmentCount = Segments.Count,
            Append = Positions,
            RequiredFeatures = slot.RequiredFeatures | Trees.NewFeatures,
        };
        bool now = _schedule.IsDue(synced);
        _journal.Publish(slot, now);
        _schedule.Note(now);
        _meta.Committed();
        Segments.Commit(slot.Append, slot.DataEnd);
        Shares.EndEpoch();
        Trees.NewFeatures = 0;
        MakeReusable();
    }

    /// <summary>Forgets, for pages to come, a block that nothing names any more.</summary>
    public void ForgetContent(Entry block) => Sharing?.Twins.Remove(block);

    /// <summary>
    /// Ends the making of one version of a tree among several that one commit makes: what was appended for it is not released when
    /// the next version, which begins with it, replaces it.
    /// </summary>
    public void KeepVersion() => Segments.KeepFresh(Positions);

    /// <summary>The view of all that was appended, which is in the file when this returns, committed or not.</summary>
    public FileRoot UnderWay()
    {
        FlushAll();
        return new FileRoot(Root, Nodes);
    }

    /// <summary>Lets the next block begin a new session, if the present one has sealed many. Between epochs only.</summary>
    public void RenewSession() => _sealer?.Renew();

    /// <summary>Makes what was committed survive a loss of power, if it does not yet.</summary>
    public void Sync()
    {
        if (!Root.Slot.IsSynced)
        {
            _journal.Publish(Root.Slot, isSynced: true);
            _schedule.Note(synced: true);
        }
    }

    /// <summary>Makes everything durable and notes that nothing is under way. A writer that wrote no root leaves the file as it is.</summary>
    public void Close()
    {
        if (_journal.HasPublished)
        {
            _journal.Publish(Root.Slot, isSynced: true, isClosed: true);
        }
    }

    /// <summary>Writes roots until both slots hold the current state, so that nothing else is reached from any.</summary>
    public void SettleRoots()
    {
        long settled = Root.Slot.Sequence;
        while (_journal.OldestReachable < settled)
        {
            _journal.Publish(Root.Slot, isSynced: true);
        }

        MakeReusable();
    }

    /// <summary>Gives ranges that nobody can reach any more back to the file system; returns how many bytes it took.</summary>
    public long Punch(IEnumerable<(long Offset, long Length)> ranges)
    {
        long returned = 0;
        long end = Storage.Length;
        foreach ((long offset, long length) in ranges)
        {
            long part = Math.Min(length, end - offset);
            returned += part > 0 && Storage.TryPunch(offset, part) ? part : 0;
        }

        return returned;
    }

    /// <summary>Gives the segments that may be reused back to the file system: those at the end by cutting the file off, others as holes, once.</summary>
    public long ReturnFreeSegments()
    {
        long length = Storage.Length;
        Segments.DropTrailing();
        if (Segments.HasChanges)
        {
            Commit([], slot => slot, synced: true);
            SettleRoots();
        }

        long cut = 0;
        if (Root.Slot.DataEnd < length && OldestNeeded() >= Root.Slot.Sequence - 1)
        {
            Storage.Truncate(Root.Slot.DataEnd);
            cut = length - Root.Slot.DataEnd;
        }

        return cut + Punch(Segments.TakeReusableRanges());
    }

    /// <summary>The lowest sequence of a root that a slot or a reader still needs.</summary>
    public long OldestNeeded() => Storage.OldestHeld(_journal.OldestReachable);

    /// <summary>How far each segment is used.</summary>
    public IEnumerable<(SegmentClass Class, long Bytes)> UsedBytes()
    {
        foreach ((long number, SegmentEntry account) in Segments.Accounts())
        {
            long position = account.Class == SegmentClass.Meta ? _metaAppender.Position - Layout.SegmentsOffset - (number * Header.SegmentSize) : 0;
            yield return (account.Class, Math.Max(account.UsedBytes, position > 0 && position <= Header.SegmentSize ? position : 0));
        }
    }

    /// <summary>Forgets what was appended since the last commit; it will be written over.</summary>
    public void Forget()
    {
        FlushAll();
        RootSlot slot = Root.Slot;
        Segments.Forget(slot.Append, slot.DataEnd);
        ResetAppenders(slot.Append);
        Shares.EndEpoch();
        Sharing?.Twins.Clear();
        Trees.NewFeatures = 0;
    }

    public void Dispose()
    {
        _behind.Dispose();
        Storage.Dispose();
        Header.Keys?.Dispose();
    }

    private void MakeReusable()
    {
        // To ask for readers is a system call, and most commits free nothing.
        if (Segments.HasWaiting)
        {
            Segments.MakeReusable(OldestNeeded());
        }
    }

    private void LoadAccounts()
    {
        RootSlot slot = Root.Slot;
        List<SegmentEntry> accounts = [];
        new TreeDiff(Root.Nodes, TreeKind.SegmentTable, (number, _, entry) => accounts.Add(Account(number, entry, accounts.Count))).Run(default, slot.Segments);
        if (accounts.Count != slot.SegmentCount)
        {
            throw Damage.At(Layout.SlotOffset(Root.SlotIndex, 0), $"the segment table has {accounts.Count} accounts, and there are {slot.SegmentCount} segments");
        }

        Segments.Load(accounts, slot.Append, slot.DataEnd);
        ResetAppenders(slot.Append);
    }

    private SegmentEntry Account(long number, Entry entry, long expected) =>
        number == expected && SegmentEntry.FromEntry(entry, Header.SegmentSize) is { } account
            ? account
            : throw Damage.At(Layout.SlotOffset(Root.SlotIndex, 0), $"the account of segment {expected} is missing or wrong");

    private void ResetAppenders(AppendPositions positions)
    {
        Raw.ResetTo(positions.Raw);
        Packed.ResetTo(positions.Packed);
        Index.ResetTo(positions.Index);
        Pack.ResetTo(0);
        _metaAppender.ResetTo(positions.Meta);
    }

    private void FlushAll()
    {
        Raw.Flush();
        Packed.Flush();
        Index.Flush();
        Pack.Flush();
        _metaAppender.Flush();
        _behind.Drain();
    }

    /// <summary>The writing thread must not outlive a constructor that fails.</summary>
    private void Guard(Action action)
    {
        try
        {
            action();
        }
        catch
        {
            _behind.Dispose();
            throw;
        }
    }
}
