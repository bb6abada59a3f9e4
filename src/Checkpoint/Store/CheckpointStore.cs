namespace PageStore.Checkpoint;

/// <summary>
/// A store for the checkpoints of many guests: a folder in which equal pages are kept once, within a sharing domain (docs/store.md). Any number of processes may use one at the same time. Not thread-safe: one for
/// each thread. The caller disposes it.
/// </summary>
/// <remarks>A checkpoint in a store is read by <see cref="CheckpointReader.Open(string, CheckpointReaderOptions?)"/> like any other, and is not written to any more.</remarks>
public sealed class CheckpointStore : IDisposable
{
    /// <summary>How much of a pack may be dead before what lives is moved out of it, unless said otherwise: moving costs at most three times what it gives back.</summary>
    public const double DefaultMaxDead = 0.25;

    private readonly StoreLayout _layout;
    private readonly StoreDatabase _database;
    private readonly StoreSettings _settings;

    private CheckpointStore(StoreLayout layout, StoreDatabase database, StoreSettings settings)
    {
        _layout = layout;
        _database = database;
        _settings = settings;
        database.LimitMemory(layout);
    }

    /// <summary>The folder.</summary>
    public string Folder => _layout.Folder;

    /// <summary>The store's own id, random at its creation.</summary>
    public Guid Id => _database.Store;

    /// <summary>Opens a store.</summary>
    /// <param name="folder">Its folder.</param>
    /// <exception cref="StorageException">There is none, or it cannot be opened.</exception>
    /// <exception cref="CorruptDataException">Its index is damaged.</exception>
    /// <exception cref="UnsupportedException">It is of a later version, or lies on a network.</exception>
    public static CheckpointStore Open(string folder) => Open(folder, new StoreSettings());

    /// <summary>Opens a store, or makes one in a folder that is empty or not there.</summary>
    /// <param name="folder">Its folder.</param>
    /// <exception cref="StorageException">The folder holds something else, or cannot be made or opened.</exception>
    /// <exception cref="CorruptDataException">Its index is damaged.</exception>
    /// <exception cref="UnsupportedException">It is of a later version, or lies on a network.</exception>
    public static CheckpointStore OpenOrCreate(string folder) => OpenOrCreate(folder, new StoreSettings());

    internal static CheckpointStore Open(string folder, StoreSettings settings)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (!StoreLayout.IsStore(folder))
        {
            throw new StorageException($"{folder} is not the folder of a store.");
        }

        var layout = new StoreLayout(folder);
        RemoteFileSystems.ThrowIfRemote(layout.Database);
        return Opened(layout, StoreDatabase.Open(layout.Database), settings);
    }

    internal static CheckpointStore OpenOrCreate(string folder, StoreSettings settings)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var layout = new StoreLayout(folder);
        RemoteFileSystems.ThrowIfRemote(layout.Database);
        try
        {
            ThrowIfForeign(layout);
            MakeFolders(layout);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"Cannot make a store in {folder}: {cause.Message}", cause);
        }

        StoreDatabase database = StoreDatabase.OpenOrCreate(layout.Database);
        FileStorage.SyncFolderOf(layout.Database);
        return Opened(layout, database, settings);
    }

    /// <summary>Adds a checkpoint file: its pages become blocks of the store, everything else becomes a file in it. All or nothing; every page is checked on the way. Resume packs are left behind.</summary>
    /// <param name="path">The file, which is only read. It may lie in a store itself.</param>
    /// <param name="options">How; null stands for the defaults.</param>
    /// <param name="progress">Told after each epoch how many pages have been brought over.</param>
    /// <param name="cancellationToken">Ends it; the store stays as it was.</param>
    /// <exception cref="ArgumentException">The name, or the domain's, cannot be one.</exception>
    /// <exception cref="CorruptDataException">The file is damaged, or the store.</exception>
    /// <exception cref="UnsupportedException">The file is encrypted, or uses what this version does not read; or the host has no cryptography, which names blocks.</exception>
    /// <exception cref="StorageException">The store has a checkpoint of that name, or a medium failed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public StoreAddReport Add(string path, StoreAddOptions? options = null, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new();
        options.Validate();
        string name = options.Name ?? Path.GetFileName(path);
        StoreLayout.ThrowUnlessName(name);
        CryptoSupport.ThrowUnless(CryptoSupport.IsAvailable);
        using FileStorage source = FileStorage.OpenToRead(path);
        if (FileRoot.ReadHeader(source).Encryption is not null)
        {
            throw new UnsupportedException($"{path} is encrypted. A store finds equal pages by their content, which would have to be stored without the file's key. Keep it as a file of its own, or decrypt it by export and import.");
        }

        return new StoreAdder(_layout, _database, _settings, options).Run(source, name, options.Domain ?? DomainOf(path), progress, cancellationToken);
    }

    /// <summary>The checkpoints in the store, by their names.</summary>
    /// <exception cref="StorageException">The index cannot be read.</exception>
    public IReadOnlyList<StoredCheckpoint> List() => _database.Guard(() =>
    {
        List<StoredCheckpoint> list = [];
        using StoreStatement statement = _database.Once("SELECT c.name, d.name, c.file, c.added FROM checkpoint c JOIN domain d ON d.id = c.domain WHERE c.state = 1 ORDER BY c.name");
        while (statement.Step())
        {
            string name = statement.Text(0);
            list.Add(new StoredCheckpoint(name, statement.Text(1), statement.Uuid(2), _layout.Checkpoint(name), UnixTime.FromMicroseconds(statement.Long(3))));
        }

        return list;
    });

    /// <summary>Removes a checkpoint and its file. Its blocks stay until the next <see cref="Collect"/>; whoever reads it then misses them.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="KeyNotFoundException">The store has no checkpoint of that name.</exception>
    /// <exception cref="StorageException">A medium failed.</exception>
    public void Remove(string name)
    {
        bool found = _database.Write(() =>
        {
            using StoreStatement mark = _database.Once("UPDATE checkpoint SET state = 2 WHERE name = ?1 AND state = 1");
            return mark.Bind(1, name).Run() > 0;
        });
        if (!found)
        {
            throw new KeyNotFoundException($"The store {Folder} has no checkpoint {name}.");
        }

        _settings.Steps.Done("removal begun");
        new StoreTidy(_layout, _database, _settings.Steps).Run();
    }

    /// <summary>
    /// Frees the blocks that no checkpoint references, and what additions left whose process is gone. Safe while others add and read; one collection at a time. Keeps a bit for each block that the store ever had.
    /// </summary>
    /// <param name="maxDead">How much of a pack may be dead before what lives is moved out of it: 0 gives everything back, 1 only packs in which nothing lives.</param>
    /// <param name="cancellationToken">Ends it; what is freed by then is freed.</param>
    /// <exception cref="ArgumentOutOfRangeException">The part is not from 0 to 1.</exception>
    /// <exception cref="StorageException">Another collection is at work, or a medium failed.</exception>
    /// <exception cref="CorruptDataException">The index is damaged; nothing is freed that is referenced.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public StoreCollectReport Collect(double maxDead = DefaultMaxDead, CancellationToken cancellationToken = default)
    {
        if (maxDead is not (>= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(maxDead), maxDead, "A part is from 0 to 1.");
        }

        return new StoreCollector(_layout, _database, _settings, maxDead, cancellationToken).Run();
    }

    /// <summary>Measures the store. Reads the whole index.</summary>
    /// <exception cref="StorageException">The index cannot be read.</exception>
    /// <exception cref="CorruptDataException">The index is damaged.</exception>
    public StoreReport Measure() => new StoreMeter(_layout, _database).Run();

    /// <inheritdoc/>
    public void Dispose() => _database.Dispose();

    private static CheckpointStore Opened(StoreLayout layout, StoreDatabase database, StoreSettings settings)
    {
        try
        {
            return new CheckpointStore(layout, database, settings);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            database.Dispose();
            throw new StorageException($"Cannot open the store {layout.Folder}: {cause.Message}", cause);
        }
    }

    private static void ThrowIfForeign(StoreLayout layout)
    {
        HashSet<string> own = [layout.Packs, layout.Checkpoints, layout.Locks];
        if (!File.Exists(layout.Database) && Directory.Exists(layout.Folder) && Directory.EnumerateFileSystemEntries(layout.Folder).FirstOrDefault(entry => !own.Contains(entry)) is { } foreign)
        {
            throw new StorageException($"{layout.Folder} is no store, and holds {Path.GetFileName(foreign)}. Give an empty folder, or one that is not there.");
        }
    }

    private static void MakeFolders(StoreLayout layout)
    {
        foreach (string folder in (ReadOnlySpan<string>)[layout.Folder, layout.Packs, layout.Checkpoints, layout.Locks])
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(folder);
            }
            else
            {
                // A guest's memory holds its secrets.
                Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }
        }
    }

    /// <summary>The guest's own domain.</summary>
    private static string DomainOf(string path)
    {
        using CheckpointReader reader = CheckpointReader.Open(path);
        Guid guest = Guid.Empty;
        if (reader.Newest is not null)
        {
            using Epoch epoch = reader.OpenNewest();
            guest = epoch.Info.GuestId;
        }

        return guest == Guid.Empty ? $"file-{reader.FileId}" : $"guest-{guest}";
    }
}
