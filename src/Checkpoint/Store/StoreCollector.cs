namespace PageStore.Checkpoint;

/// <summary>Frees what no checkpoint references: docs/store.md, "Collecting". Run once.</summary>
internal sealed class StoreCollector(StoreLayout layout, StoreDatabase database, StoreSettings settings, double maxDead, CancellationToken cancellation)
{
    /// <summary>Rows that are looked at in one transaction: so many that a transaction is worth it, few enough that others do not wait.</summary>
    private const int BatchRows = 16384;

    private readonly StoreStatement _delete = database.Prepare("DELETE FROM block WHERE domain = ?1 AND hash = ?2 AND id = ?3");
    private readonly StoreStatement _newReferences = database.Prepare("SELECT number, blocks FROM reference WHERE number > ?1 ORDER BY number");
    private readonly StoreStatement _rows = database.Prepare("SELECT domain, hash, id FROM block WHERE (domain, hash) > (?1, ?2) ORDER BY domain, hash LIMIT ?3");
    private long _lastReference;
    private long _blocksFreed;

    public StoreCollectReport Run()
    {
        using StoreLock only = StoreLock.TryTake(layout.CollectorLock)
            ?? throw new StorageException($"Another collection is at work in {layout.Folder}. Wait for its end.");
        new StoreTidy(layout, database, settings.Steps).Run();
        using var referenced = new PageBitmap(1);
        long next = database.Read(() => Mark(referenced));
        Sweep(referenced, next);
        PackSweepReport packs = new PackSweeper(layout, database, settings, maxDead, cancellation).Run();
        RemoveLocks();
        return new StoreCollectReport(_blocksFreed, packs.Removed, packs.BlocksMoved, packs.BytesReturned);
    }

    /// <summary>Marks what lists name that were not seen yet: of committed checkpoints and of such as are being added. Numbers of lists only grow, in the order of their commits.</summary>
    /// <returns>The number that the next block will get: younger ones are left alone.</returns>
    private long Mark(PageBitmap referenced)
    {
        _newReferences.Bind(1, _lastReference);
        while (_newReferences.Step())
        {
            _lastReference = _newReferences.Long(0);
            ReferenceList.Mark(_newReferences.Blob(1), referenced);
        }

        using StoreStatement next = database.Once("SELECT next_block FROM store");
        return next.Step() ? next.Long(0) : 0;
    }

    private void Sweep(PageBitmap referenced, long next)
    {
        List<(long Domain, BlockHash Hash, long Id)> dead = [];
        (long Domain, BlockHash Hash) last = (0, default);
        bool more = true;
        while (more)
        {
            cancellation.ThrowIfCancellationRequested();
            dead.Clear();
            more = database.Read(() => FindDead(referenced, next, ref last, dead));
            if (dead.Count > 0)
            {
                // What was added since the marks were made may have found some of them: look again, where nobody else can write.
                database.Write(() =>
                {
                    Mark(referenced);
                    dead.RemoveAll(block => IsReferenced(referenced, block.Id));
                    dead.ForEach(block => _delete.Bind(1, block.Domain).Bind(2, block.Hash).Bind(3, block.Id).Run());
                });
                _blocksFreed += dead.Count;
                settings.Steps.Done("swept");
            }
        }
    }

    private bool FindDead(PageBitmap referenced, long next, ref (long Domain, BlockHash Hash) last, List<(long Domain, BlockHash Hash, long Id)> dead)
    {
        int rows = 0;
        _rows.Bind(1, last.Domain).Bind(2, last.Hash).Bind(3, BatchRows);
        while (_rows.Step())
        {
            rows++;
            last = (_rows.Long(0), _rows.Hash(1));
            long id = _rows.Long(2);
            if (id < next && !IsReferenced(referenced, id))
            {
                dead.Add((last.Domain, last.Hash, id));
            }
        }

        return rows == BatchRows;
    }

    private static bool IsReferenced(PageBitmap referenced, long id) => id < referenced.Length && referenced.Contains(new Pfn(id));

    /// <summary>Locks of processes that are gone, none of which has anything under way any more.</summary>
    private void RemoveLocks()
    {
        foreach (string path in Directory.EnumerateFiles(layout.Locks))
        {
            if (Guid.TryParse(Path.GetFileName(path), out _))
            {
                using StoreLock? dead = StoreLock.TryTake(path);
                dead?.Release();
            }
        }
    }
}
