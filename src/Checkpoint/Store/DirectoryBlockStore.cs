namespace PageStore.Checkpoint;

/// <summary>The blocks of one sharing domain of a store in a folder, to be read. Thread-safe. The caller disposes it.</summary>
internal sealed class DirectoryBlockStore : IBlockSource
{
    private readonly StoreDatabase _database;
    private readonly PackFiles _packs;
    private readonly StoreLayout _layout;
    private readonly long _domain;

    public DirectoryBlockStore(StoreLayout layout, StoreDatabase database, long domain)
    {
        _layout = layout;
        _database = database;
        _domain = domain;
        _packs = new PackFiles(layout, database.Store);
    }

    public string Name => _layout.Folder;

    /// <summary>Opens the blocks of a checkpoint file: in the store whose folder is given, or in that which the file lies in.</summary>
    /// <param name="path">The file.</param>
    /// <param name="file">The file's id.</param>
    /// <param name="store">The folder of the store; null stands for where the file lies.</param>
    /// <returns>Null where there is no store to be found.</returns>
    /// <exception cref="StorageException">There is a store, and it does not know the file; or none where one should be.</exception>
    public static DirectoryBlockStore? TryOpenFor(string path, Guid file, string? store)
    {
        if (store is not null && !StoreLayout.IsStore(store))
        {
            throw new StorageException($"{store} is not the folder of a store.");
        }

        if ((store ?? StoreLayout.FolderOf(path)) is not { } folder)
        {
            return null;
        }

        var layout = new StoreLayout(folder);
        StoreDatabase database = StoreDatabase.Open(layout.Database);
        try
        {
            database.LimitMemory(layout);
            long domain = database.Guard(() =>
            {
                using StoreStatement statement = database.Once("SELECT domain FROM checkpoint WHERE file = ?1");
                return statement.Bind(1, file).Step() ? statement.Long(0) : -1;
            });
            return domain >= 0
                ? new DirectoryBlockStore(layout, database, domain)
                : throw new StorageException($"The store {folder} does not know the file {path}: it was removed from it, or belongs to another one. Give the folder of its store.");
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    public bool TryRead(in BlockHash hash, Span<byte> plain) => _packs.TryRead(_database, _domain, hash, plain);

    public void Dispose()
    {
        _packs.Dispose();
        _database.Dispose();
    }
}
