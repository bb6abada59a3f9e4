namespace PageStore.Checkpoint;

/// <summary>Adds one checkpoint file to a store: docs/store.md, "Adding". Run once.</summary>
internal sealed class StoreAdder(StoreLayout layout, StoreDatabase database, StoreSettings settings, StoreAddOptions options)
{
    private readonly StoreSteps _steps = settings.Steps;

    public StoreAddReport Run(FileStorage source, string name, string domain, IProgress<long>? progress, CancellationToken cancellation)
    {
        using StoreLock held = TakeLock(layout, out Guid session);
        _steps.Done("locked");
        try
        {
            return Add(source, session, held, name, domain, progress, cancellation);
        }
        catch (Exception failure) when (failure is PageStoreException or OperationCanceledException or IOException or UnauthorizedAccessException)
        {
            held.Dispose();
            TryTidy();
            throw;
        }
    }

    /// <summary>Takes the lock of a new session.</summary>
    public static StoreLock TakeLock(StoreLayout layout, out Guid session)
    {
        while (true)
        {
            session = Guid.NewGuid();
            if (StoreLock.TryTake(layout.Lock(session)) is { } held)
            {
                return held;
            }
        }
    }

    private StoreAddReport Add(FileStorage source, Guid session, StoreLock held, string name, string domainName, IProgress<long>? progress, CancellationToken cancellation)
    {
        var tidy = new StoreTidy(layout, database, _steps);
        tidy.Run();
        DateTimeOffset now = settings.Clock.GetUtcNow();
        (long id, StoreDomain domain) = database.Write(() => Begin(session, name, domainName, now));
        _steps.Done("begun");
        using var appender = new PackAppender(layout, database, session, domain, settings.PackBytes, _steps);
        using var addition = new StoreAddition(layout, database, appender, id, domain.Id, options.Codec, _steps);
        RepairReport report = CheckpointRepair.Salvage(
            source,
            layout.Adding(name),
            new RepairOptions { Target = addition, TargetId = session },
            copied => Accept(source, copied, addition),
            progress,
            cancellation);
        _steps.Done("written");
        FileStorage.Replace(layout.Adding(name), layout.Checkpoint(name));
        _steps.Done("named");
        database.Write(() =>
        {
            using StoreStatement commit = database.Once("UPDATE checkpoint SET state = 1 WHERE id = ?1");
            commit.Bind(1, id).Run();
        });
        _steps.Done("committed");
        held.Release();
        var checkpoint = new StoredCheckpoint(name, domain.Name, session, layout.Checkpoint(name), UnixTime.FromMicroseconds(UnixTime.ToMicroseconds(now)));
        return new StoreAddReport(checkpoint, report.Epochs, report.PagesCopied, addition.BlocksAdded, appender.BytesAppended, report.FileBytes);
    }

    /// <summary>All of the file or nothing; and its blocks are in the store before its name is.</summary>
    private static RepairReport Accept(FileStorage source, RepairReport report, StoreAddition addition)
    {
        CheckpointCompactor.ThrowIfLost(source, report);
        addition.Flush();
        return report;
    }

    private (long Id, StoreDomain Domain) Begin(Guid session, string name, string domainName, DateTimeOffset now)
    {
        using StoreStatement taken = database.Once("SELECT 1 FROM checkpoint WHERE name = ?1");
        if (taken.Bind(1, name).Step())
        {
            throw new StorageException($"The store {layout.Folder} has a checkpoint {name} already, or one is being added. Choose another name, or remove that one.");
        }

        var domain = StoreDomain.Of(database, domainName);
        using StoreStatement insert = database.Once("INSERT INTO checkpoint(file, name, domain, state, added) VALUES(?1, ?2, ?3, 0, ?4) RETURNING id");
        insert.Bind(1, session).Bind(2, name).Bind(3, domain.Id).Bind(4, UnixTime.ToMicroseconds(now)).Step();
        return (insert.Long(0), domain);
    }

    /// <summary>Takes away what was added so far; where that fails, the next addition or collection does it.</summary>
    private void TryTidy()
    {
        try
        {
            new StoreTidy(layout, database, _steps).Run();
        }
        catch (PageStoreException)
        {
            // The first error is the one to tell.
        }
    }
}
