namespace PageStore.Checkpoint;

/// <summary>Counts what a store holds. Run once.</summary>
internal sealed class StoreMeter(StoreLayout layout, StoreDatabase database)
{
    public StoreReport Run()
    {
        (long checkpoints, long domains, long packs) = (0, 0, 0);
        (long blocks, long blockBytes, long unreferenced, long shared) = (0, 0, 0, 0);
        database.Read(() =>
        {
            checkpoints = Number("SELECT count(*) FROM checkpoint WHERE state = 1");
            domains = Number("SELECT count(DISTINCT domain) FROM checkpoint WHERE state = 1");
            packs = Number("SELECT count(*) FROM pack");
            using var referenced = new PageBitmap(1);
            using var twice = new PageBitmap(1);
            MarkAll(referenced, twice);
            using StoreStatement rows = database.Once("SELECT id, size FROM block");
            while (rows.Step())
            {
                var id = new Pfn(rows.Long(0));
                blocks++;
                blockBytes += rows.Long(1) * Layout.Unit;
                unreferenced += IsIn(referenced, id) ? 0 : 1;
                shared += IsIn(twice, id) ? 1 : 0;
            }

            return true;
        });
        long packBytes = Sum(layout.Packs);
        long dead = Math.Max(0, packBytes - blockBytes - (packs * PackHeader.Size));
        long index = StoreLayout.LengthOf(layout.Database) + StoreLayout.LengthOf(layout.Database + "-wal");
        return new StoreReport(checkpoints, domains, blocks, blockBytes, shared, unreferenced, packs, packBytes, dead, index, Sum(layout.Checkpoints));
    }

    private static bool IsIn(PageBitmap set, Pfn id) => id.Value < set.Length && set.Contains(id);

    private static long Sum(string folder) => Directory.EnumerateFiles(folder).Sum(StoreLayout.LengthOf);

    /// <summary>Checkpoint by checkpoint: within one of them a block may be in several lists.</summary>
    private void MarkAll(PageBitmap referenced, PageBitmap twice)
    {
        PageBitmap own = new(1);
        long before = -1;
        using StoreStatement lists = database.Once("SELECT checkpoint, blocks FROM reference ORDER BY checkpoint");
        while (lists.Step())
        {
            if (lists.Long(0) != before)
            {
                Merge(own, referenced, twice);
                own.Dispose();
                own = new PageBitmap(1);
                before = lists.Long(0);
            }

            ReferenceList.Mark(lists.Blob(1), own);
        }

        Merge(own, referenced, twice);
        own.Dispose();
    }

    private static void Merge(PageBitmap own, PageBitmap referenced, PageBitmap twice)
    {
        foreach (PfnRun run in own.Runs())
        {
            referenced.EnsureLength(Math.Max(referenced.Length, own.Length));
            twice.EnsureLength(referenced.Length);
            for (Pfn block = run.First; block < run.End; block += 1)
            {
                if (!referenced.Set(block))
                {
                    twice.Set(block);
                }
            }
        }
    }

    private long Number(string sql)
    {
        using StoreStatement statement = database.Once(sql);
        return statement.Step() ? statement.Long(0) : 0;
    }
}
