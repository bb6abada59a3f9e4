namespace PageStore.Checkpoint;

/// <summary>
/// Reads a checkpoint file. Blocks no writer: it sees the root that was committed when it was opened, or last
/// <see cref="Refresh"/>ed, whatever is appended or pruned meanwhile; a writer leaves the space of what it sees alone. Thread-safe. The caller
/// disposes it, which ends every <see cref="Epoch"/> of it.
/// </summary>
public sealed class CheckpointReader : IDisposable
{
    private readonly IStorage _storage;
    private readonly Lock _refreshing = new();
    private readonly RootLeases _leases;
    private volatile FileRoot _root;

    private CheckpointReader(IStorage storage, FileHeader header, string? expectedRoot)
    {
        _storage = storage;
        _leases = new RootLeases(storage);
        _root = _leases.Acquire(header);
        Checkpoint.RootHash.ThrowUnless(_root, storage.Name, expectedRoot);
        (storage as MappedStorage)?.Grow();
    }

    /// <summary>The page size in bytes.</summary>
    public int PageSize => _root.Header.PageSize;

    /// <summary>The version of the format; this library reads version 1.</summary>
    public int FormatVersion => FileHeader.Version;

    /// <summary>The file's own id, random at its creation. A copy has the same.</summary>
    public Guid FileId => _root.Header.FileId;

    /// <summary>The length of the file in bytes. It may be sparse.</summary>
    public long FileBytes => _storage.Length;

    /// <summary>How the file is encrypted; null for a plain one.</summary>
    public EncryptionInfo? Encryption => InfoOf(_root.Header);

    /// <summary>
    /// Names the state of the file that is read: SHA-256 of its root, 64 lowercase hexadecimal digits. Keep it elsewhere, and give it as
    /// <see cref="CheckpointReaderOptions.ExpectedRoot"/> the next time: an older copy put in the file's place then shows.
    /// </summary>
    /// <exception cref="UnsupportedException">The host has no cryptography; see <see cref="CheckpointKey.IsSupported"/>.</exception>
    public string RootHash => Checkpoint.RootHash.Of(_root);

    /// <summary>How many epochs there are.</summary>
    public long EpochCount => _root.Slot.EpochCount;

    /// <summary>The newest epoch, or null while there is none.</summary>
    public EpochId? Newest => _root.Slot.NewestEpoch.Value == 0 ? null : _root.Slot.NewestEpoch;

    /// <summary>Opens a file.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="options">How to read it; null stands for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    /// <exception cref="CorruptDataException">It is no checkpoint file, or damaged beyond its spare copies.</exception>
    /// <exception cref="UnsupportedException">It needs a newer reader, or is encrypted and the host has no cryptography; the message names what for.</exception>
    /// <exception cref="WrongKeyException">It is encrypted, and the key is missing or another's; or it is plain, and there is a key.</exception>
    /// <exception cref="StorageException">It cannot be opened, read or mapped.</exception>
    /// <exception cref="ArgumentException">The expected root is no root hash.</exception>
    public static CheckpointReader Open(string path, CheckpointReaderOptions? options = null)
    {
        options ??= new CheckpointReaderOptions();
        options.Validate();
        return Open(OpenStorage(FileStorage.OpenToRead(path), options), options, header => OutsideOf(path, header, options.Store));
    }

    /// <summary>What can be told of a file's encryption without its key; null for a plain file.</summary>
    /// <param name="path">Where it is.</param>
    /// <exception cref="CorruptDataException">It is no checkpoint file, or its header is damaged in both copies.</exception>
    /// <exception cref="UnsupportedException">It needs a newer reader; the message names what for.</exception>
    /// <exception cref="StorageException">It cannot be opened or read.</exception>
    public static EncryptionInfo? ReadEncryption(string path)
    {
        using FileStorage file = FileStorage.OpenToRead(path);
        return InfoOf(FileRoot.ReadHeader(file));
    }

    internal static CheckpointReader Open(IStorage storage, CheckpointReaderOptions? options = null, Func<FileHeader, IBlockSource?>? findOutside = null)
    {
        FileHeader? header = null;
        try
        {
            header = FileRoot.OpenHeader(storage, options?.Key);
            header = header with { Outside = findOutside?.Invoke(header) };
            return new CheckpointReader(storage, header, options?.ExpectedRoot);
        }
        catch
        {
            header?.Keys?.Dispose();
            header?.Outside?.Dispose();
            storage.Dispose();
            throw;
        }
    }

    /// <summary>The store of a file that has blocks in one; null where it has none.</summary>
    internal static IBlockSource? OutsideOf(string path, FileHeader header, string? store = null) =>
        !header.HasOutside ? null : (IBlockSource?)DirectoryBlockStore.TryOpenFor(path, header.FileId, store) ?? new MissingStore(path);

    /// <summary>
    /// Looks for a newer root. Epochs opened before keep showing what they showed; as long as they are not disposed, writers leave alone
    /// what they may read.
    /// </summary>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="CorruptDataException">The file has been damaged or truncated meanwhile.</exception>
    /// <exception cref="StorageException">The medium failed.</exception>
    public bool Refresh()
    {
        // One at a time: of two, the one that found the older root must not have the last word.
        lock (_refreshing)
        {
            FileRoot older = _root;
            FileRoot newer = _leases.Acquire(older.Header);
            bool isNewer = newer.Slot.Sequence > older.Slot.Sequence;
            if (isNewer)
            {
                (_storage as MappedStorage)?.Grow();
                _root = newer;
            }

            _leases.Release(isNewer ? older.Slot.Sequence : newer.Slot.Sequence);
            return isNewer;
        }
    }

    /// <summary>All epochs by ascending id, read one by one as they are asked for.</summary>
    /// <exception cref="CorruptDataException">A record or the directory is damaged.</exception>
    public IEnumerable<EpochInfo> Epochs() => _root.Records().Select(record => new EpochInfo(record));

    /// <summary>Opens an epoch.</summary>
    /// <param name="id">Its number.</param>
    /// <exception cref="KeyNotFoundException">The file has none of that number.</exception>
    /// <exception cref="CorruptDataException">Its record is damaged.</exception>
    public Epoch OpenEpoch(EpochId id)
    {
        FileRoot root = HoldRoot();
        try
        {
            EpochRecord record = root.TryReadRecord(id) ?? throw new KeyNotFoundException($"{_storage.Name} has no epoch {id}. It has {root.Slot.EpochCount}, the newest is {root.Slot.NewestEpoch}.");
            return new Epoch(root, record, _leases);
        }
        catch
        {
            _leases.Release(root.Slot.Sequence);
            throw;
        }
    }

    /// <summary>Opens the newest epoch.</summary>
    /// <exception cref="KeyNotFoundException">The file has no epoch yet.</exception>
    /// <exception cref="CorruptDataException">Its record is damaged.</exception>
    public Epoch OpenNewest() => OpenEpoch(_root.Slot.NewestEpoch);

    /// <summary>
    /// Reads and checks everything that the current root reaches: each index node, each stored page, each set and section of each
    /// epoch, once. Costs a read of the file.
    /// </summary>
    /// <param name="progress">Told now and then how many pages have been checked.</param>
    /// <param name="cancellationToken">Ends the check before the next page.</param>
    /// <returns>What was checked and what is damaged; damage is not thrown.</returns>
    /// <exception cref="UnsupportedException">An epoch uses what this version does not read; the message names it.</exception>
    /// <exception cref="StorageException">The medium failed.</exception>
    /// <exception cref="OperationCanceledException">The check was cancelled.</exception>
    public VerifyReport Verify(IProgress<long>? progress = null, CancellationToken cancellationToken = default) =>
        new Verifier(_root, _storage, progress, cancellationToken).Run();

    /// <summary>
    /// As <see cref="Verify"/>, and compares what no reader needs with docs/format.md: the account of each segment with what
    /// is reachable, the counts and sets of each epoch with its page table, that no two blocks overlap, and that padding and reserved bytes are zero.
    /// Reads the index three times. Memory use grows with the index and the packed pages of the file, at about a fiftieth of them.
    /// </summary>
    /// <param name="progress">Told now and then how many pages have been checked.</param>
    /// <param name="cancellationToken">Ends the check before the next page or node.</param>
    /// <returns>What was checked and what is damaged, and how much space is live and dead; damage is not thrown.</returns>
    /// <exception cref="UnsupportedException">An epoch uses what this version does not read; the message names it.</exception>
    /// <exception cref="StorageException">The medium failed.</exception>
    /// <exception cref="OperationCanceledException">The check was cancelled.</exception>
    public VerifyReport VerifyDeep(IProgress<long>? progress = null, CancellationToken cancellationToken = default) =>
        new Verifier(_root, _storage, progress, cancellationToken).RunDeep();

    /// <inheritdoc/>
    public void Dispose()
    {
        _leases.Close();
        _storage.Dispose();
        _root.Header.Keys?.Dispose();
        _root.Header.Outside?.Dispose();
    }

    /// <summary>The current root, under a part of its lease.</summary>
    private FileRoot HoldRoot()
    {
        // Not while a refresh may be giving the lease back.
        lock (_refreshing)
        {
            _leases.Hold(_root.Slot.Sequence);
            return _root;
        }
    }

    private static IStorage OpenStorage(FileStorage file, CheckpointReaderOptions options) => options switch
    {
        { ReadMode: ReadMode.Mapped } => new MappedStorage(file, options.Guard, mustMap: true),
        { ReadMode: ReadMode.Automatic, Guard: { } guard } => new MappedStorage(file, guard, mustMap: false),
        _ => file,
    };

    private static EncryptionInfo? InfoOf(FileHeader header) =>
        header.Encryption is { } encryption ? new EncryptionInfo(encryption.KeyIdText, encryption.Derivation == KeyDerivation.Pbkdf2) : null;
}
