namespace PageStore.Checkpoint;

/// <summary>Ends what others began and did not end: additions whose process is gone, and removals.</summary>
internal sealed class StoreTidy(StoreLayout layout, StoreDatabase database, StoreSteps steps)
{
    public void Run()
    {
        List<(long Id, Guid Session, string Name, bool IsRemoval)> unfinished = database.Guard(() =>
        {
            List<(long, Guid, string, bool)> rows = [];
            using StoreStatement statement = database.Once("SELECT id, file, name, state FROM checkpoint WHERE state <> 1");
            while (statement.Step())
            {
                rows.Add((statement.Long(0), statement.Uuid(1), statement.Text(2), statement.Long(3) == 2));
            }

            return rows;
        });
        foreach ((long id, Guid session, string name, bool isRemoval) in unfinished)
        {
            if (isRemoval || !StoreLock.IsTaken(layout.Lock(session)))
            {
                database.Write(() => TakeAway(id, name));
                steps.Done("taken away");
            }
        }
    }

    /// <summary>
    /// Deletes the files and the rows of a checkpoint. The files go within the transaction: the name is free for another only when it ends, so that nobody else's file can be there.
    /// </summary>
    private void TakeAway(long id, string name)
    {
        // Its own process may have ended it in the meantime.
        using StoreStatement still = database.Once("SELECT 1 FROM checkpoint WHERE id = ?1 AND state <> 1");
        if (!still.Bind(1, id).Step())
        {
            return;
        }

        still.Reset();
        File.Delete(layout.Adding(name));
        File.Delete(layout.Checkpoint(name));
        foreach (string sql in (ReadOnlySpan<string>)["DELETE FROM reference WHERE checkpoint = ?1", "DELETE FROM checkpoint WHERE id = ?1"])
        {
            using StoreStatement delete = database.Once(sql);
            delete.Bind(1, id).Run();
        }
    }
}
