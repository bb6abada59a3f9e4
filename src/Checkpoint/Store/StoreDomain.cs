namespace PageStore.Checkpoint;

/// <summary>A sharing domain: blocks are found within it only.</summary>
/// <param name="Id">Its number in the index.</param>
/// <param name="Name">Its name.</param>
internal readonly record struct StoreDomain(long Id, string Name)
{
    /// <summary>The domain of a name; made where there is none. Within a transaction.</summary>
    public static StoreDomain Of(StoreDatabase database, string name)
    {
        using StoreStatement add = database.Once("INSERT OR IGNORE INTO domain(name) VALUES(?1)");
        add.Bind(1, name).Run();
        using StoreStatement find = database.Once("SELECT id FROM domain WHERE name = ?1");
        find.Bind(1, name).Step();
        return new StoreDomain(find.Long(0), name);
    }

    /// <summary>The domain of a number.</summary>
    public static StoreDomain Of(StoreDatabase database, long id)
    {
        using StoreStatement find = database.Once("SELECT name FROM domain WHERE id = ?1");
        return find.Bind(1, id).Step() ? new StoreDomain(id, find.Text(0)) : throw new CorruptDataException($"The index {database.Path} has no domain {id}.");
    }
}
