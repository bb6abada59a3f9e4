namespace PageStore.Checkpoint;

/// <summary>
/// Writes a checkpoint file: the one writer, under an exclusive lock. Commits are durable when they return. Not thread-safe: one
/// caller at a time. After an error in a write or a sync it is poisoned: every further call throws, the file keeps its last
/// committed epoch, and a writer opened anew goes on from there. The caller disposes it.
/// </summary>
public sealed class CheckpointWriter : IDisposable
{
    private readonly IStorage _storage;
    private readonly FileHeader _header;
    private readonly WriteBehind _behind;
    private readonly SegmentAllocator _segments;
    private readonly TreeWriter _trees;
    private FileRoot _root;
    private EpochBuilder? _builder;
    private PageStoreException? _poison;
    private bool _disposed;

    private CheckpointWriter(IStorage storage, FileHeader header, CheckpointWriterOptions options)
    {
        _storage = storage;
        _header = header;
        Codec = options.Codec;
        Clock = options.Clock;
        _root = FileRoot.Find(storage, header);
        _behind = new WriteBehind(storage);
        _segments = new SegmentAllocator(header.SegmentSize);
        Raw = new SegmentAppender(SegmentClass.Raw, _segments, _behind);
        Packed = new SegmentAppender(SegmentClass.Packed, _segments, _behind);
        Index = new SegmentAppender(SegmentClass.Index, _segments, _behind);
        Nodes = new NodeReader(new BlockReader(storage, header.SegmentSize, long.MaxValue, [Index]));
        _trees = new TreeWriter(Nodes, Index);
        GoToRoot();
    }

    /// <summary>The page size in bytes.</summary>
    public int PageSize => _header.PageSize;

    /// <summary>The newest committed epoch, or null while there is none.</summary>
    public EpochId? Newest => _root.Slot.NewestEpoch.Value == 0 ? null : _root.Slot.NewestEpoch;

    internal IPageCodec Codec { get; }

    internal TimeProvider Clock { get; }

    internal SegmentAppender Raw { get; }

    internal SegmentAppender Packed { get; }

    internal SegmentAppender Index { get; }

    internal NodeReader Nodes { get; }

    internal TreeWriter Trees => _trees;

    internal FileRoot Root => _root;

    internal TimeSpan WriteTime => _behind.WriteTime;

    /// <summary>Creates a file that must not exist yet, readable and writable by its owner only.</summary>
    /// <param name="path">Where it will be.</param>
    /// <param name="options">Null stands for the defaults.</param>
    /// <exception cref="StorageException">The file exists, or cannot be created or written.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public static CheckpointWriter Create(string path, CheckpointWriterOptions? options = null)
    {
        options ??= new();
        options.Validate();
        FileStorage storage = FileStorage.Create(path);
        try
        {
            CheckpointWriter writer = Create(storage, options);
            FileStorage.SyncFolderOf(path);
            return writer;
        }
        catch
        {
            // The file is ours and holds nothing yet.
            File.Delete(path);
            throw;
        }
    }

    /// <summary>Opens an existing file.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="options">Only <see cref="CheckpointWriterOptions.Codec"/> matters; null stands for the defaults.</param>
    /// <exception cref="CorruptDataException">It is no checkpoint file, or damaged beyond its spare copies.</exception>
    /// <exception cref="UnsupportedException">It needs a newer writer.</exception>
    /// <exception cref="StorageException">It cannot be opened, or another writer has it.</exception>
    public static CheckpointWriter Open(string path, CheckpointWriterOptions? options = null)
    {
        options ??= new();
        options.Validate();
        return Open(FileStorage.OpenToWrite(path), options);
    }

    internal static CheckpointWriter Create(IStorage storage, CheckpointWriterOptions options) => Guarded(storage, () =>
    {
        var header = new FileHeader(options.PageSize, System.Numerics.BitOperations.Log2((uint)options.SegmentSize), options.FileId ?? Guid.NewGuid(), options.Clock.GetUtcNow(), 0, 0);
        byte[] bytes = new byte[Layout.HeaderSize];
        header.Write(bytes);
        storage.Write(Layout.HeaderOffset, [bytes]);
        storage.Write(Layout.HeaderCopyOffset, [bytes]);
        WriteSlot(storage, EmptySlot(header), 0);

        // The file reaches to the first segment from the start, so that all slots can always be read.
        storage.Write(Layout.SegmentsOffset - 1, [new byte[1]]);
        storage.Sync();
        return new CheckpointWriter(storage, header, options);
    });

    internal static CheckpointWriter Open(IStorage storage, CheckpointWriterOptions options) => Guarded(storage, () =>
    {
        FileHeader header = FileRoot.ReadHeader(storage);
        if (header.WriteVersion != FileHeader.Version)
        {
            throw new UnsupportedException($"{storage.Name} can be read, but writing needs format version {header.WriteVersion}; this PageStore writes version {FileHeader.Version}. Use a newer PageStore.");
        }

        return new CheckpointWriter(storage, header, options);
    });

    /// <summary>Opens a committed epoch for reading, for instance to compare with it.</summary>
    /// <param name="id">Its number.</param>
    /// <exception cref="KeyNotFoundException">The file has none of that number.</exception>
    /// <exception cref="CorruptDataException">Its record is damaged.</exception>
    public Epoch OpenEpoch(EpochId id)
    {
        ThrowIfUnusable();
        return new Epoch(_root, _root.TryReadRecord(id) ?? throw new KeyNotFoundException($"{_storage.Name} has no epoch {id}."));
    }

    /// <summary>Begins an epoch. Only one can be under way: commit or dispose it before the next.</summary>
    /// <param name="options">What it is to be; null stands for an epoch without a parent.</param>
    /// <exception cref="InvalidOperationException">Another epoch is under way.</exception>
    /// <exception cref="KeyNotFoundException">The parent is not in the file.</exception>
    public EpochBuilder BeginEpoch(EpochOptions? options = null)
    {
        ThrowIfUnusable();
        options ??= new();
        options.Validate();
        if (_builder is not null)
        {
            throw new InvalidOperationException("Another epoch is under way. Commit or dispose it first.");
        }

        Epoch? parent = options.Parent is { } id ? OpenEpoch(id) : null;
        _builder = new EpochBuilder(this, options, parent, _root.Slot.NextEpoch);
        return _builder;
    }

    /// <summary>Stops writing. An epoch that was not committed is forgotten. Idempotent.</summary>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _behind.Dispose();
            _storage.Dispose();
        }
    }

    /// <summary>Makes a finished epoch the newest one, durably: append, sync, flip, sync.</summary>
    internal EpochRecord Commit(EpochRecord record) => Guard(() =>
    {
        byte[] bytes = EpochRecordFormat.Write(record);
        Span<byte> block = Index.Reserve(bytes.Length, out long offset);
        bytes.CopyTo(block);
        Index.Advance(bytes.Length);
        var entry = Entry.BlockOf(EntryKind.Record, offset, bytes.Length, ContentSum.Of(bytes));

        TreeRoot directory = ApplyTo(_root.Slot.Directory, TreeKind.EpochDirectory, [new LeafChange(record.Id.Value, 0, entry)]);
        TreeRoot segments = ApplyTo(_root.Slot.Segments, TreeKind.SegmentTable, [.. _segments.Changed.Select(pair => new LeafChange(pair.Key, 0, pair.Value.ToEntry()))]);
        FlushAll();
        _storage.Sync();

        RootSlot slot = _root.Slot with
        {
            Sequence = _root.Slot.Sequence + 1,
            DataEnd = _segments.DataEnd,
            NextEpoch = new EpochId(record.Id.Value + 1),
            NewestEpoch = record.Id,
            EpochCount = _root.Slot.EpochCount + 1,
            Time = Clock.GetUtcNow(),
            Directory = directory,
            Segments = segments,
            SegmentCount = _segments.Count,
            Append = new AppendPositions(Raw.Position, Packed.Position, Index.Position),
        };
        WriteSlot(_storage, slot, Layout.SlotCount - 1 - _root.SlotIndex);
        _storage.Sync();
        _root = FileRoot.Find(_storage, _header);
        GoToRoot();
        _builder = null;
        return record with { Offset = offset };
    });

    /// <summary>Forgets an epoch under way; its blocks will be written over. Does not throw: an error poisons the writer.</summary>
    internal void Abandon()
    {
        _builder = null;
        if (_poison is not null || _disposed)
        {
            return;
        }

        try
        {
            FlushAll();
            GoToRoot();
        }
        catch (PageStoreException failure)
        {
            Poison(failure);
        }
    }

    /// <summary>Poisons the writer; the first failure is the one that later calls are told of.</summary>
    internal void Poison(PageStoreException failure) => _poison ??= failure;

    /// <summary>Runs something that writes; an error poisons the writer.</summary>
    internal T Guard<T>(Func<T> action)
    {
        ThrowIfUnusable();
        try
        {
            return action();
        }
        catch (PageStoreException failure)
        {
            Poison(failure);
            throw;
        }
    }

    internal void ThrowIfUnusable()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_poison is not null)
        {
            throw new StorageException($"The writer of {_storage.Name} stopped at an earlier error: {_poison.Message} The file keeps its last committed epoch; open it anew to go on.", _poison);
        }
    }

    private static CheckpointWriter Guarded(IStorage storage, Func<CheckpointWriter> open)
    {
        try
        {
            return open();
        }
        catch
        {
            storage.Dispose();
            throw;
        }
    }

    private static RootSlot EmptySlot(FileHeader header) => new()
    {
        Sequence = 1,
        DataEnd = Layout.SegmentsOffset,
        NextEpoch = new EpochId(1),
        NewestEpoch = default,
        EpochCount = 0,
        Time = header.Created,
        Directory = default,
        Segments = default,
        SegmentCount = 0,
        FileId = header.FileId,
        Append = default,
    };

    private static void WriteSlot(IStorage storage, RootSlot slot, int index)
    {
        byte[] copies = new byte[Layout.SlotSize * Layout.SlotCopies];
        for (int copy = 0; copy < Layout.SlotCopies; copy++)
        {
            slot.Write(copies.AsSpan(copy * Layout.SlotSize));
        }

        storage.Write(Layout.SlotOffset(index, 0), [copies]);
    }

    private TreeRoot ApplyTo(TreeRoot tree, TreeKind kind, ReadOnlySpan<LeafChange> changes) =>
        changes.IsEmpty ? tree : _trees.Apply(tree, kind, Math.Max(tree.Height, TreeRoot.HeightFor(changes[^1].Key + 1)), changes);

    private void FlushAll()
    {
        Raw.Flush();
        Packed.Flush();
        Index.Flush();
        _behind.Drain();
    }

    private void GoToRoot()
    {
        RootSlot slot = _root.Slot;
        _segments.ResetTo(slot.SegmentCount, slot.DataEnd);
        Raw.ResetTo(slot.Append.Raw);
        Packed.ResetTo(slot.Append.Packed);
        Index.ResetTo(slot.Append.Index);
        _segments.Reopen(SegmentClass.Raw, slot.Append.Raw);
        _segments.Reopen(SegmentClass.Packed, slot.Append.Packed);
        _segments.Reopen(SegmentClass.Index, slot.Append.Index);
    }
}
