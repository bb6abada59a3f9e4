namespace PageStore.Checkpoint;

/// <summary>One consistent view of a file: its header, one committed root, and what reads below it. Immutable, thread-safe.</summary>
internal sealed class FileRoot
{
    private NodeCache? _pageTables;

    /// <summary>Makes the view of a root that is known to be valid.</summary>
    public FileRoot(IStorage storage, FileHeader header, RootSlot slot, int slotIndex)
    {
        Header = header;
        Slot = slot;
        SlotIndex = slotIndex;
        BlockOpener? opener = header.Keys is null ? null : OpenerOf(storage, header.Keys);
        Nodes = new NodeReader(new BlockReader(storage, header.SegmentSize, slot.DataEnd, null, opener, header.Outside));
    }

    /// <summary>Makes the view of what is being written on top of a root: trees of no root yet, too.</summary>
    /// <param name="committed">The root.</param>
    /// <param name="nodes">Reads what was appended behind it.</param>
    public FileRoot(FileRoot committed, NodeReader nodes) => (Header, Slot, SlotIndex, Nodes) = (committed.Header, committed.Slot, committed.SlotIndex, nodes);

    public FileHeader Header { get; }

    public RootSlot Slot { get; }

    /// <summary>Which of the two slots holds the root.</summary>
    public int SlotIndex { get; }

    public NodeReader Nodes { get; }

    /// <summary>Keeps nodes of the page tables that epochs are read through.</summary>
    public NodeCache PageTables => LazyInitializer.EnsureInitialized(ref _pageTables, static () => new NodeCache());

    /// <summary>Reads the header, the second copy if the first is damaged.</summary>
    /// <exception cref="CorruptDataException">Neither copy is one.</exception>
    public static FileHeader ReadHeader(IStorage storage)
    {
        Span<byte> bytes = stackalloc byte[Layout.HeaderSize];
        foreach (long offset in (ReadOnlySpan<long>)[Layout.HeaderOffset, Layout.HeaderCopyOffset])
        {
            if (storage.Length >= offset + Layout.HeaderSize)
            {
                storage.Read(offset, bytes);
                if (FileHeader.TryRead(bytes, offset) is { } header)
                {
                    return header;
                }
            }
        }

        throw new CorruptDataException($"{storage.Name} is not a checkpoint file: there is no valid header at offset {Layout.HeaderOffset} or {Layout.HeaderCopyOffset}.") { Offset = 0 };
    }

    /// <summary>Reads the header and opens it with the key that the user gave.</summary>
    /// <param name="storage">The file.</param>
    /// <param name="key">The key; null for a plain file.</param>
    /// <param name="observer">Told of each block that is sealed.</param>
    /// <exception cref="CorruptDataException">Neither copy is one, or it does not authenticate.</exception>
    /// <exception cref="WrongKeyException">The key does not fit.</exception>
    public static FileHeader OpenHeader(IStorage storage, CheckpointKey? key, SealObserver? observer = null) =>
        FileKeys.Unlock(storage.Name, ReadHeader(storage), key, observer);

    /// <summary>Finds the newest committed root.</summary>
    /// <exception cref="CorruptDataException">No slot holds one, or the file is shorter than it says.</exception>
    public static FileRoot Find(IStorage storage, FileHeader header)
    {
        RootSlot?[] slots = RootSlots.Read(storage, header);
        while (true)
        {
            try
            {
                return Newest(storage, header, slots);
            }
            catch (CorruptDataException)
            {
                // A writer that pruned meanwhile may have cut the file off behind a newer root.
                RootSlot?[] again = RootSlots.Read(storage, header);
                if (RootSlots.SequenceOfNewest(again) == RootSlots.SequenceOfNewest(slots))
                {
                    throw;
                }

                slots = again;
            }
        }
    }

    /// <summary>The view of the newest of the roots that the slots hold.</summary>
    /// <exception cref="CorruptDataException">No slot holds one, or the file is shorter than it says.</exception>
    public static FileRoot Newest(IStorage storage, FileHeader header, RootSlot?[] slots)
    {
        int index = RootSlots.IndexOfNewest(slots);
        if (slots[index] is not { } newest)
        {
            throw new CorruptDataException($"{storage.Name} has no valid root in its slots at offsets {Layout.SlotOffset(0, 0)} and {Layout.SlotOffset(1, 0)}.") { Offset = Layout.SlotOffset(0, 0) };
        }

        if (storage.Length < newest.DataEnd)
        {
            throw Damage.At(storage.Length, $"{storage.Name} is truncated: it should have at least {newest.DataEnd} bytes");
        }

        return new FileRoot(storage, header, newest, index);
    }

    /// <summary>The record of an epoch, or null where the directory has none of that id.</summary>
    public EpochRecord? TryReadRecord(EpochId id)
    {
        if (id.Value < 1)
        {
            return null;
        }

        Entry entry = BindDirectory().Get(id.Value);
        return entry.Kind == EntryKind.Record ? ReadRecord(id, entry) : null;
    }

    /// <summary>All records by ascending id, read one by one as they are asked for.</summary>
    public IEnumerable<EpochRecord> Records() =>
        DirectoryEntries().Where(pair => pair.Entry.Kind == EntryKind.Record).Select(pair => ReadRecord(pair.Id, pair.Entry));

    /// <summary>What the directory holds, by ascending id: records, and epochs that were dropped and still link others.</summary>
    public IEnumerable<(EpochId Id, Entry Entry)> DirectoryEntries()
    {
        TreeCursor cursor = BindDirectory();
        long end;
        for (long id = 1; id < Slot.NextEpoch.Value; id = end)
        {
            Entry entry = cursor.Get(id, out end);
            if (entry.Kind != EntryKind.Absent)
            {
                yield return (new EpochId(id), entry);
            }
        }
    }

    /// <summary>The account of a segment; null where the segment table has none or cannot be read.</summary>
    /// <param name="cursor">A cursor of the caller's, for nothing else.</param>
    /// <param name="segment">The segment's number.</param>
    public SegmentEntry? TryReadAccount(TreeCursor cursor, long segment)
    {
        try
        {
            cursor.Bind(Nodes, Slot.Segments, TreeKind.SegmentTable, Layout.SlotOffset(SlotIndex, 0));
            return SegmentEntry.FromEntry(cursor.Get(segment), Header.SegmentSize);
        }
        catch (CorruptDataException)
        {
            return null;
        }
    }

    /// <summary>Reads the record behind an entry of the directory.</summary>
    /// <exception cref="CorruptDataException">It is damaged.</exception>
    public EpochRecord ReadRecord(EpochId id, Entry entry)
    {
        byte[] buffer = new byte[entry.StoredBytes];
        return EpochRecordFormat.Read(Nodes.Blocks.ReadStored(entry, buffer), entry.Offset, id) with { StoredBytes = entry.StoredBytes };
    }

    /// <summary>The session table and its records are plain: they are read beside everything else.</summary>
    public BlockOpener OpenerOf(IStorage storage, FileKeys keys)
    {
        var plain = new NodeReader(new BlockReader(storage, Header.SegmentSize, Slot.DataEnd));
        return new BlockOpener(keys, new SessionTable(plain, Slot.Sessions, Layout.SlotOffset(SlotIndex, 0)), Header.FileId);
    }

    private TreeCursor BindDirectory()
    {
        var cursor = new TreeCursor();
        cursor.Bind(Nodes, Slot.Directory, TreeKind.EpochDirectory, Layout.SlotOffset(SlotIndex, 0));
        return cursor;
    }
}
