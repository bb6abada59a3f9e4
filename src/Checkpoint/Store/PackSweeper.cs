namespace PageStore.Checkpoint;

/// <summary>What became of packs.</summary>
internal readonly record struct PackSweepReport(long Removed, long BlocksMoved, long BytesReturned);

/// <summary>Removes packs of which nothing is left, and moves what is left out of those in which too much is dead. Run once, by the one collection.</summary>
internal sealed class PackSweeper(StoreLayout layout, StoreDatabase database, StoreSettings settings, double maxDead, CancellationToken cancellation)
{
    /// <summary>A pack below this part of the full size is small, and small ones are put together, as soon as there are so many in a domain: each addition leaves one.</summary>
    private const int SmallPart = 4;

    private readonly StoreStatement _move = database.Prepare("UPDATE block SET pack = ?1, place = ?2 WHERE domain = ?3 AND hash = ?4 AND pack = ?5 AND place = ?6");
    private readonly Dictionary<long, PackAppender> _targets = [];
    private long _removed;
    private long _blocksMoved;
    private long _bytesReturned;

    public PackSweepReport Run()
    {
        // Packs first, blocks behind: into a pack whose session is over no more rows come.
        List<SealedPack> packs = SealedPacks();
        Dictionary<long, long> live = database.Read(LiveBytes);
        RemoveNameless();
        HashSet<long> crowded = [.. packs.Where(IsSmall).GroupBy(pack => pack.Domain).Where(group => group.Count() >= SmallPart).Select(group => group.Key)];
        using StoreLock held = StoreAdder.TakeLock(layout, out Guid session);
        using var files = new PackFiles(layout, database.Store);
        try
        {
            foreach (SealedPack pack in packs)
            {
                cancellation.ThrowIfCancellationRequested();
                long alive = live.GetValueOrDefault(pack.Number);
                long content = pack.Length - PackHeader.Size;
                if (alive == 0)
                {
                    Remove(pack);
                }
                else if (content - alive > maxDead * content || (IsSmall(pack) && crowded.Contains(pack.Domain)))
                {
                    Move(pack, alive, files, session);
                }
            }
        }
        finally
        {
            foreach (PackAppender target in _targets.Values)
            {
                target.Dispose();
            }
        }

        held.Release();
        return new PackSweepReport(_removed, _blocksMoved, _bytesReturned - _targets.Values.Sum(target => target.BytesAppended));
    }

    private bool IsSmall(SealedPack pack) => pack.Length < settings.PackBytes / SmallPart;

    private List<SealedPack> SealedPacks()
    {
        List<(long Number, Guid Session, long Domain)> rows = database.Guard(() =>
        {
            List<(long, Guid, long)> found = [];
            using StoreStatement statement = database.Once("SELECT number, session, domain FROM pack ORDER BY number");
            while (statement.Step())
            {
                found.Add((statement.Long(0), statement.Uuid(1), statement.Long(2)));
            }

            return found;
        });
        Dictionary<Guid, bool> taken = rows.Select(row => row.Session).Distinct().ToDictionary(session => session, session => StoreLock.IsTaken(layout.Lock(session)));
        return [.. rows.Where(row => !taken[row.Session]).Select(row => new SealedPack(row.Number, row.Domain, StoreLayout.LengthOf(layout.Pack(row.Number))))];
    }

    private Dictionary<long, long> LiveBytes()
    {
        Dictionary<long, long> live = [];
        using StoreStatement statement = database.Once("SELECT pack, sum(size) FROM block GROUP BY pack");
        while (statement.Step())
        {
            live.Add(statement.Long(0), statement.Long(1) * Layout.Unit);
        }

        return live;
    }

    /// <summary>Files without a row: their row went, and their process before it removed the file.</summary>
    private void RemoveNameless()
    {
        foreach (string path in Directory.EnumerateFiles(layout.Packs))
        {
            if (StoreLayout.NumberOfPack(path) is { } number && !HasRow(number))
            {
                long length = StoreLayout.LengthOf(path);
                File.Delete(path);
                _bytesReturned += length;
                settings.Steps.Done("nameless pack deleted");
            }
        }
    }

    private bool HasRow(long number) => database.Guard(() =>
    {
        using StoreStatement statement = database.Once("SELECT 1 FROM pack WHERE number = ?1");
        return statement.Bind(1, number).Step();
    });

    private void Remove(SealedPack pack)
    {
        database.Write(() =>
        {
            using StoreStatement delete = database.Once("DELETE FROM pack WHERE number = ?1");
            delete.Bind(1, pack.Number).Run();
        });
        settings.Steps.Done("pack row deleted");
        File.Delete(layout.Pack(pack.Number));
        settings.Steps.Done("pack deleted");
        _removed++;
        _bytesReturned += pack.Length;
    }

    /// <summary>Copies what is live into another pack, syncs it, lets the index say so, and removes the old one. Readers that meet the gap ask the index again.</summary>
    private void Move(SealedPack pack, long alive, PackFiles files, Guid session)
    {
        var walk = new PackWalk(files, database, pack);
        long moved = 0;
        while (walk.NextBatch(StoreAddition.BatchBytes))
        {
            cancellation.ThrowIfCancellationRequested();
            moved += MoveBatch(pack, walk, TargetOf(pack.Domain, session));
        }

        // Where a head on the way is damaged, the blocks behind it cannot be told from each other: they stay where the index knows them.
        if (moved == alive)
        {
            Remove(pack);
        }
    }

    private long MoveBatch(SealedPack pack, PackWalk walk, PackAppender target)
    {
        List<(BlockHash Hash, long From, StoredBlock To)> moves = [];
        foreach ((BlockHash hash, long offset, ReadOnlyMemory<byte> bytes) in walk.Batch)
        {
            moves.Add((hash, offset, target.AppendBytes(bytes)));
        }

        settings.Steps.Done("blocks copied");
        target.Sync();
        database.Write(() =>
        {
            foreach ((BlockHash hash, long from, StoredBlock to) in moves)
            {
                _move.Bind(1, to.Pack).Bind(2, to.Offset / Layout.Unit).Bind(3, pack.Domain).Bind(4, hash).Bind(5, pack.Number).Bind(6, from / Layout.Unit).Run();
            }
        });
        settings.Steps.Done("blocks moved");
        _blocksMoved += moves.Count;
        return moves.Sum(move => (long)move.To.Bytes);
    }

    private PackAppender TargetOf(long domain, Guid session)
    {
        if (!_targets.TryGetValue(domain, out PackAppender? target))
        {
            target = new PackAppender(layout, database, session, database.Guard(() => StoreDomain.Of(database, domain)), settings.PackBytes, settings.Steps);
            _targets.Add(domain, target);
        }

        return target;
    }
}
