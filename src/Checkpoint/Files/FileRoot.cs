namespace PageStore.Checkpoint;

/// <summary>One consistent view of a file: its header, one committed root, and what reads below it. Immutable, thread-safe.</summary>
internal sealed class FileRoot
{
    private FileRoot(FileHeader header, RootSlot slot, int slotIndex, NodeReader nodes)
    {
        Header = header;
        Slot = slot;
        SlotIndex = slotIndex;
        Nodes = nodes;
    }

    public FileHeader Header { get; }

    public RootSlot Slot { get; }

    /// <summary>Which of the two slots holds the root.</summary>
    public int SlotIndex { get; }

    public NodeReader Nodes { get; }

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

    /// <summary>Finds the newest committed root.</summary>
    /// <exception cref="CorruptDataException">No slot holds one, or the file is shorter than it says.</exception>
    public static FileRoot Find(IStorage storage, FileHeader header)
    {
        RootSlot? newest = null;
        int index = 0;
        for (int slot = 0; slot < Layout.SlotCount; slot++)
        {
            for (int copy = 0; copy < Layout.SlotCopies; copy++)
            {
                RootSlot? candidate = TryReadSlot(storage, header, Layout.SlotOffset(slot, copy));
                if (candidate is not null && candidate.Sequence > (newest?.Sequence ?? 0))
                {
                    newest = candidate;
                    index = slot;
                }
            }
        }

        if (newest is null)
        {
            throw new CorruptDataException($"{storage.Name} has no valid root in its slots at offsets {Layout.SlotOffset(0, 0)} and {Layout.SlotOffset(1, 0)}.") { Offset = Layout.SlotOffset(0, 0) };
        }

        if (storage.Length < newest.DataEnd)
        {
            throw Damage.At(storage.Length, $"{storage.Name} is truncated: it should have at least {newest.DataEnd} bytes");
        }

        return new FileRoot(header, newest, index, new NodeReader(new BlockReader(storage, header.SegmentSize, newest.DataEnd)));
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
    public IEnumerable<EpochRecord> Records()
    {
        TreeCursor cursor = BindDirectory();
        long end;
        for (long id = 1; id < Slot.NextEpoch.Value; id = end)
        {
            Entry entry = cursor.Get(id, out end);
            if (entry.Kind == EntryKind.Record)
            {
                yield return ReadRecord(new EpochId(id), entry);
            }
        }
    }

    private static RootSlot? TryReadSlot(IStorage storage, FileHeader header, long offset)
    {
        Span<byte> bytes = stackalloc byte[Layout.SlotSize];
        if (storage.Length < offset + Layout.SlotSize)
        {
            return null;
        }

        storage.Read(offset, bytes);
        return RootSlot.TryRead(bytes, offset, header);
    }

    private TreeCursor BindDirectory()
    {
        var cursor = new TreeCursor();
        cursor.Bind(Nodes, Slot.Directory, TreeKind.EpochDirectory, Layout.SlotOffset(SlotIndex, 0));
        return cursor;
    }

    private EpochRecord ReadRecord(EpochId id, Entry entry)
    {
        byte[] buffer = new byte[entry.StoredBytes];
        return EpochRecordFormat.Read(Nodes.Blocks.ReadStored(entry, buffer), entry.Offset, id);
    }
}
