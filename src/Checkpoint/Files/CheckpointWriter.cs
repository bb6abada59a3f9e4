namespace PageStore.Checkpoint;

/// <summary>
/// Writes a checkpoint file: the one writer, under an exclusive lock. Commits are durable when they return. Not thread-safe: one
/// caller at a time. After an error in a write or a sync it is poisoned: every further call throws, the file keeps its last
/// committed epoch, and a writer opened anew goes on from there. The caller disposes it.
/// </summary>
public sealed class CheckpointWriter : ICaptureTarget, IDisposable
{
    private readonly WritableFile _file;
    private EpochBuilder? _builder;
    private PageStoreException? _poison;
    private bool _disposed;

    private CheckpointWriter(IStorage storage, FileHeader header, CheckpointWriterOptions options)
    {
        Codec = options.Codec;
        Clock = options.Clock;
        Target = options.Target;
        _file = new WritableFile(storage, header, options);
        Cleaner = new SegmentCleaner(_file, options.CleansAlways);
    }

    /// <summary>The page size in bytes.</summary>
    public int PageSize => _file.Header.PageSize;

    /// <summary>The newest committed epoch, or null while there is none.</summary>
    public EpochId? Newest => Root.Slot.NewestEpoch.Value == 0 ? null : Root.Slot.NewestEpoch;

    /// <summary>
    /// Names the committed state of the file, 64 lowercase hexadecimal digits. Keep it elsewhere, and give it as
    /// <see cref="CheckpointWriterOptions.ExpectedRoot"/> or <see cref="CheckpointReaderOptions.ExpectedRoot"/> the next time: an
    /// older copy put in the file's place then shows. Each commit changes it, closing does not.
    /// </summary>
    /// <exception cref="UnsupportedException">The host has no cryptography; see <see cref="CheckpointKey.IsSupported"/>.</exception>
    public string RootHash => Checkpoint.RootHash.Of(Root);

    internal IPageCodec Codec { get; }

    internal TimeProvider Clock { get; }

    /// <summary>Takes the pages; null keeps them in the file.</summary>
    internal IBlockStore? Target { get; }

    internal SegmentAppender Raw => _file.Raw;

    internal SegmentAppender Packed => _file.Packed;

    internal SegmentAppender Index => _file.Index;

    /// <summary>Where whole pages go: sealed ones cannot be aligned.</summary>
    internal SegmentAppender RawTarget => _file.RawTarget;

    /// <summary>Appends blocks, sealed if the file is encrypted.</summary>
    internal BlockAppender Blocks => _file.Blocks;

    internal TreeWriter Trees => _file.Trees;

    /// <summary>Finds what is stored already; null where each page is stored for itself.</summary>
    internal PageSharing? Sharing => _file.Sharing;

    internal NodeCache? PageTables => _file.PageTables;

    /// <summary>Moves what pins segments in which little is live.</summary>
    internal SegmentCleaner Cleaner { get; }

    internal FileRoot Root => _file.Root;

    /// <summary>Appends packs, and releases them.</summary>
    internal PackEditor Packs => new(_file);

    internal long BytesAppended => _file.BytesAppended;

    internal TimeSpan WriteTime => _file.WriteTime;

    /// <summary>Creates a file that must not exist yet, readable and writable by its owner only.</summary>
    /// <param name="path">Where it will be.</param>
    /// <param name="options">Null stands for the defaults.</param>
    /// <exception cref="StorageException">The file exists, or cannot be created or written.</exception>
    /// <exception cref="UnsupportedException">There is a key, and the host has no cryptography.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    /// <exception cref="ArgumentException">There is an expected root, which only a file that exists can have.</exception>
    public static CheckpointWriter Create(string path, CheckpointWriterOptions? options = null)
    {
        options ??= new();
        options.Validate();
        options.ThrowIfRootExpected();
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
    /// <param name="options">Page and segment size do not matter; null stands for the defaults.</param>
    /// <exception cref="CorruptDataException">It is no checkpoint file, damaged beyond its spare copies, or has another root than expected.</exception>
    /// <exception cref="UnsupportedException">It needs a newer writer, or is encrypted and the host has no cryptography.</exception>
    /// <exception cref="WrongKeyException">It is encrypted, and the key is missing or another's; or it is plain, and there is a key.</exception>
    /// <exception cref="StorageException">It cannot be opened, or another writer has it.</exception>
    public static CheckpointWriter Open(string path, CheckpointWriterOptions? options = null)
    {
        options ??= new();
        options.Validate();
        return Open(FileStorage.OpenToWrite(path), options);
    }

    /// <summary>Opens a file, or creates it where there is none and no root is expected of it.</summary>
    /// <param name="path">Where it is, or will be.</param>
    /// <param name="options">Null stands for the defaults.</param>
    /// <param name="created">Whether it was created.</param>
    /// <exception cref="CorruptDataException">As <see cref="Open(string, CheckpointWriterOptions?)"/>.</exception>
    /// <exception cref="UnsupportedException">As <see cref="Open(string, CheckpointWriterOptions?)"/> and <see cref="Create(string, CheckpointWriterOptions?)"/>.</exception>
    /// <exception cref="WrongKeyException">As <see cref="Open(string, CheckpointWriterOptions?)"/>.</exception>
    /// <exception cref="StorageException">It cannot be opened or created; or a root is expected and there is no file.</exception>
    public static CheckpointWriter OpenOrCreate(string path, CheckpointWriterOptions? options, out bool created)
    {
        created = false;
        if (File.Exists(path) || options?.ExpectedRoot is not null)
        {
            return Open(path, options);
        }

        CheckpointWriter writer = Create(path, options);
        created = true;
        return writer;
    }

    internal static CheckpointWriter Create(IStorage storage, CheckpointWriterOptions options) => Guarded(storage, () => NewFile.Header(options), header =>
    {
        NewFile.Write(storage, header);
        return new CheckpointWriter(storage, header, options);
    });

    internal static CheckpointWriter Open(IStorage storage, CheckpointWriterOptions options) => Guarded(storage, () => FileRoot.OpenHeader(storage, options.Key, options.SealObserver), header =>
    {
        if (header.WriteVersion != FileHeader.Version)
        {
            throw new UnsupportedException($"{storage.Name} can be read, but writing needs format version {header.WriteVersion}; this PageStore writes version {FileHeader.Version}. Use a newer PageStore.");
        }

        ThrowIfInStore(storage, header);
        return new CheckpointWriter(storage, header, options);
    });

    /// <summary>The store keeps what a file referenced when it was added: whoever changed the file would have to tell it.</summary>
    internal static void ThrowIfInStore(IStorage storage, FileHeader header)
    {
        if (header.HasOutside)
        {
            throw new UnsupportedException($"{storage.Name} has its pages in a store, and is not written to any more. Compact it into a new file, which has all its pages itself (compact -o).");
        }
    }

    /// <summary>Opens a committed epoch for reading, for instance to compare with it.</summary>
    /// <param name="id">Its number.</param>
    /// <exception cref="KeyNotFoundException">The file has none of that number.</exception>
    /// <exception cref="CorruptDataException">Its record is damaged.</exception>
    public Epoch OpenEpoch(EpochId id)
    {
        ThrowIfUnusable();
        return new Epoch(Root, Root.TryReadRecord(id) ?? throw new KeyNotFoundException($"{_file.Storage.Name} has no epoch {id}."));
    }

    /// <summary>Whether the file has an epoch.</summary>
    /// <exception cref="CorruptDataException">What says so is damaged.</exception>
    internal bool HasEpoch(EpochId id)
    {
        ThrowIfUnusable();
        return Root.TryReadRecord(id) is not null;
    }

    /// <summary>Begins an epoch. Only one can be under way: commit or dispose it before the next.</summary>
    /// <param name="options">What it is to be; null stands for an epoch without a parent.</param>
    /// <exception cref="InvalidOperationException">Another epoch is under way.</exception>
    /// <exception cref="ArgumentException">An option is out of its range, or <see cref="EpochOptions.Packs"/> are another writer's.</exception>
    /// <exception cref="KeyNotFoundException">The parent is not in the file.</exception>
    public EpochBuilder BeginEpoch(EpochOptions? options = null)
    {
        ThrowIfUnusable();
        options ??= new();
        options.Validate();
        options.Packs?.ThrowUnlessOf(this);
        ThrowIfUnderWay();
        _file.RenewSession();
        Epoch? parent = options.Parent is { } id ? OpenEpoch(id) : null;
        Sharing?.Twins.Load(parent);
        _builder = new EpochBuilder(this, options, parent, options.Id ?? Root.Slot.NextEpoch);
        return _builder;
    }

    ICapturedEpoch ICaptureTarget.BeginEpoch(EpochOptions options) => BeginEpoch(options);

    /// <summary>
    /// Drops epochs. The others stay as they are, whatever they share with dropped ones; readers that hold an older view keep it. Epochs that were opened from
    /// this writer before must not be read any more. The cost grows with what is dropped; with <see cref="PrunePolicy.ReturnSpace"/> also with what
    /// is live in segments in which much is dead.
    /// </summary>
    /// <param name="policy">Which epochs to keep.</param>
    /// <exception cref="InvalidOperationException">An epoch is under way.</exception>
    /// <exception cref="ArgumentException">The policy keeps nothing by any rule, or a number is out of its range.</exception>
    /// <exception cref="CorruptDataException">An epoch to be dropped is damaged; the writer is poisoned, and nothing is dropped.</exception>
    /// <exception cref="StorageException">The medium failed; the writer is poisoned.</exception>
    public PruneReport Prune(PrunePolicy policy)
    {
        ThrowIfUnusable();
        ArgumentNullException.ThrowIfNull(policy);
        policy.Validate();
        ThrowIfUnderWay();
        return Guard(new Pruner(_file, policy).Run);
    }

    /// <summary>
    /// Stores the pages of a plan once more, one behind the other, for a quick resume, and commits that; a pack that the epoch has is replaced. The epoch itself stays as it is, and so does
    /// every other. Epochs that were opened from this writer before do not show the pack.
    /// </summary>
    /// <param name="plan">What to pack, of any epoch of the file.</param>
    /// <param name="cancellationToken">Ends it before the next pages; the file stays as it was.</param>
    /// <returns>What the file now says of the epoch.</returns>
    /// <exception cref="InvalidOperationException">An epoch is under way.</exception>
    /// <exception cref="KeyNotFoundException">The file has no epoch of the plan's number.</exception>
    /// <exception cref="ArgumentException">The plan is empty, names a page twice, or one that is not the guest's.</exception>
    /// <exception cref="CorruptDataException">A page of the plan is damaged; the file stays as it was.</exception>
    /// <exception cref="UnsupportedException">The record of the epoch has no room for so large a pack; the file stays as it was.</exception>
    /// <exception cref="StorageException">The medium failed or is full; the writer is poisoned.</exception>
    public EpochInfo WritePack(ResumePlan plan, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return new EpochInfo(EditPack(editor => editor.Write(plan, cancellationToken)));
    }

    /// <summary>Takes the resume pack of an epoch away, commits that, and gives its space back to the file system as far as no reader holds it.</summary>
    /// <param name="id">The epoch's number.</param>
    /// <returns>Whether it had a pack.</returns>
    /// <exception cref="InvalidOperationException">An epoch is under way.</exception>
    /// <exception cref="KeyNotFoundException">The file has no epoch of that number.</exception>
    /// <exception cref="CorruptDataException">The pack is damaged so that it cannot be told what it takes; the file stays as it was.</exception>
    /// <exception cref="StorageException">The medium failed; the writer is poisoned.</exception>
    public bool DropPack(EpochId id)
    {
        bool dropped = EditPack(editor => editor.Drop(id)) is not null;
        if (dropped)
        {
            Guard(() =>
            {
                _file.SettleRoots();
                return _file.ReturnFreeSegments();
            });
        }

        return dropped;
    }

    /// <summary>Makes everything that was committed survive a loss of power, in whatever mode the writer is.</summary>
    /// <exception cref="StorageException">The medium failed; the writer is poisoned.</exception>
    public void Sync() => Guard(() =>
    {
        _file.Sync();
        return true;
    });

    /// <summary>
    /// Stops writing. An epoch that was not committed is forgotten; those that were are synced, as by <see cref="Sync"/>, but
    /// an error in that is not thrown: who must know syncs first. Idempotent.
    /// </summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        if (_poison is null)
        {
            Close();
        }

        _disposed = true;
        _file.Dispose();
    }

    /// <summary>How far each segment is used; for measurements.</summary>
    internal IEnumerable<(SegmentClass Class, long Bytes)> UsedBytes() => _file.UsedBytes();

    /// <summary>Makes a finished epoch the newest one: append, then flip.</summary>
    /// <param name="record">The epoch.</param>
    /// <param name="dropped">Earlier epochs that get a dropped entry, by ascending id, and the parent of each.</param>
    /// <param name="unpacked">Earlier epochs that lose their packs, by ascending id; none where any are dropped.</param>
    internal EpochRecord Commit(EpochRecord record, IReadOnlyList<(EpochId Id, EpochId Parent)> dropped, IEnumerable<EpochId> unpacked) => Guard(() =>
    {
        LeafChange[] earlier = [.. dropped.Select(link => new LeafChange(link.Id.Value, 0, Entry.DroppedOf(link.Parent))), .. Packs.Release(unpacked)];
        Entry entry = _file.AppendRecord(EpochRecordFormat.Write(record));
        CountShares(record, dropped.Count > 0);
        _file.Commit([.. earlier, new LeafChange(record.Id.Value, 0, entry)], slot => slot with
        {
            NextEpoch = new EpochId(record.Id.Value + 1),
            NewestEpoch = record.Id,
            EpochCount = slot.EpochCount + 1,
            OptionalFeatures = slot.OptionalFeatures | (record.Pack is null ? 0 : FormatFeatures.ResumePacks),
        });
        _builder = null;
        return record with { Offset = entry.Offset };
    });

    /// <summary>A repair, which puts epochs where others stood, counts anew.</summary>
    private void CountShares(EpochRecord record, bool isRepair)
    {
        if (isRepair)
        {
            _file.Shares.Unload();
        }

        if (_file.Shares.IsLoaded)
        {
            _file.Shares.Add(new OwnBlocks(_file.Nodes), record, record.Parent.Value == 0 ? null : Root.TryReadRecord(record.Parent), _file.Segments.IsFresh);
        }
    }

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
            _file.Forget();
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
            throw new StorageException($"The writer of {_file.Storage.Name} stopped at an earlier error: {_poison.Message} The file keeps its last committed epoch; open it anew to go on.", _poison);
        }
    }

    /// <summary>Changes packs. What is wrong with the plan or the file does not poison the writer: nothing was committed, and what was appended is forgotten.</summary>
    private T EditPack<T>(Func<PackEditor, T> edit)
    {
        ThrowIfUnusable();
        ThrowIfUnderWay();
        _file.RenewSession();
        try
        {
            return edit(Packs);
        }
        catch (StorageException failure)
        {
            Poison(failure);
            throw;
        }
        catch
        {
            Abandon();
            throw;
        }
    }

    private void ThrowIfUnderWay()
    {
        if (_builder is not null)
        {
            throw new InvalidOperationException("An epoch is under way. Commit or dispose it first.");
        }
    }

    private static CheckpointWriter Guarded(IStorage storage, Func<FileHeader> readHeader, Func<FileHeader, CheckpointWriter> open)
    {
        FileHeader? header = null;
        try
        {
            header = readHeader();
            return open(header);
        }
        catch
        {
            header?.Keys?.Dispose();
            storage.Dispose();
            throw;
        }
    }

    private void Close()
    {
        _builder?.Dispose();
        try
        {
            _file.Close();
        }
        catch (PageStoreException)
        {
            // The next writer finds a file that was not closed in order, and looks closely.
        }
    }
}
