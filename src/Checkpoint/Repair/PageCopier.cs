namespace PageStore.Checkpoint;

/// <summary>
/// Copies the pages of one epoch that differ from its base. What cannot be read becomes absent, and never the base's page: where the base
/// has something that this epoch lost, it is taken away.
/// </summary>
internal sealed class PageCopier(
    SalvageSource source, EpochBuilder builder, SwitchedCodec codec, EpochRecord record, EpochLosses losses, IReadOnlyList<PfnRun> lostInBase, Epoch? salvagedBase)
{
    /// <summary>Slabs of 2 MiB, each the bits of 64 GiB of 4 KiB pages: as many as a guest of 4 TiB has.</summary>
    private const int MaxSlabs = 64;

    /// <summary>The slabs of <see cref="PageBitmap"/>.</summary>
    private const int SlabShift = 24;

    private readonly LostRuns _lost = new(lostInBase, losses.AddInherited);
    private readonly byte[] _page = new byte[source.Header.PageSize];
    private readonly GuestPageType[] _type = new GuestPageType[1];
    private long _lastSlab = -1;
    private long _slabs;

    /// <summary>How many pages of subtrees that are zero as a whole may still come.</summary>
    public long UniformLeft { get; set; }

    /// <summary>How many bytes the epoch may take.</summary>
    public required long MaxBytes { get; init; }

    public CancellationToken Cancellation { get; init; }

    public long PagesCopied { get; private set; }

    /// <summary>Copies what differs.</summary>
    /// <param name="baseTable">The table of the base in the damaged file.</param>
    /// <param name="basePages">How many pages the base has: what its table holds behind them was not brought over with it.</param>
    /// <returns>What this epoch lost.</returns>
    /// <exception cref="CorruptDataException">The epoch is beyond the limits.</exception>
    public IReadOnlyList<PfnRun> Copy(TreeRoot baseTable, long basePages)
    {
        var diff = new TreeRunDiff(source.Nodes, TreeKind.PageTable)
        {
            Visit = Visit,
            Lost = LoseRun,
            BeforeEnd = record.PageCount > basePages ? basePages : long.MaxValue,
            Cancellation = Cancellation,
        };
        diff.Run(baseTable, record.PageTable);
        return _lost.Finish(record.PageCount);
    }

    private void Visit(long first, long count, Entry before, Entry after)
    {
        count = Math.Min(count, record.PageCount - first);
        if (count <= 0)
        {
            return;
        }

        if (after.Kind != EntryKind.Absent || before.Kind == EntryKind.Zero)
        {
            CountSlabs(first, count);
        }

        if (ClassCounts.ClassOf(after.Kind) == PageClass.Data)
        {
            CopyPage(new Pfn(first), after);
            return;
        }

        PutUniform(new PfnRun(new Pfn(first), count), before, after);
        _lost.Set(first, count, lost: false);
    }

    private void CopyPage(Pfn pfn, Entry entry)
    {
        Cancellation.ThrowIfCancellationRequested();
        try
        {
            source.Nodes.Blocks.ReadContent(entry, _page, pfn.Value);
        }
        catch (Exception cause) when (cause is CorruptDataException or UnsupportedException)
        {
            losses.Add(new PfnRun(pfn, 1), entry.Offset, cause.Message);
            builder.SetAbsent(new PfnRun(pfn, 1));
            _lost.Set(pfn.Value, 1, lost: true);
            return;
        }

        codec.On = entry.Form != EntryKind.Raw;
        _type[0] = entry.Type;
        builder.WritePages(pfn, _page, _type);
        _lost.Set(pfn.Value, 1, lost: false);
        PagesCopied++;
        if (builder.Bytes > MaxBytes)
        {
            throw new CorruptDataException("The file names its blocks so often that the new one would be many times as long.");
        }
    }

    /// <summary>Pages without a block: a single one, or all of a subtree, which is absent or zero.</summary>
    private void PutUniform(PfnRun run, Entry before, Entry after)
    {
        if (after.Kind != EntryKind.Absent)
        {
            Spend(run.Count);
            builder.PutPlain(run, after);
        }
        else if (run.Count == 1)
        {
            builder.PutPlain(run, after);
        }
        else if (before.Kind == EntryKind.Zero)
        {
            Spend(run.Count);
            builder.PutPlain(run, after);
        }
    }

    /// <summary>A node cannot be read, and with it a range of pages.</summary>
    private void LoseRun(long first, long count, CorruptDataException cause)
    {
        count = Math.Min(count, record.PageCount - first);
        if (count <= 0)
        {
            return;
        }

        var run = new PfnRun(new Pfn(first), count);
        losses.Add(run, cause.Offset, cause.Message);
        _lost.Set(first, count, lost: true);
        RemoveBase(run);
    }

    private void RemoveBase(PfnRun run)
    {
        if (salvagedBase is null)
        {
            return;
        }

        TreeCursor cursor = salvagedBase.BindCursor(run.First);
        long end = Math.Min(run.End.Value, salvagedBase.PageCount);
        long next;
        for (long key = run.First.Value; key < end; key = next)
        {
            Entry entry = cursor.Get(key, out next);
            next = Math.Min(next, end);
            if (!entry.IsPlainAbsent)
            {
                Spend(next - key > 1 ? next - key : 0);
                builder.SetAbsent(new PfnRun(new Pfn(key), next - key));
            }
        }

        Epoch.ReturnCursor(cursor);
    }

    /// <summary>The set of written pages takes memory by slabs, and of a hostile file each page can be in another.</summary>
    private void CountSlabs(long first, long count)
    {
        long last = (first + count - 1) >> SlabShift;
        _slabs += last - Math.Max(_lastSlab, (first >> SlabShift) - 1);
        _lastSlab = last;
        if (_slabs > MaxSlabs)
        {
            throw new CorruptDataException("The pages of the epoch are spread over more of the page numbers than a repair keeps sets of.");
        }
    }

    private void Spend(long pages)
    {
        UniformLeft -= pages > 1 ? pages : 0;
        if (UniformLeft < 0)
        {
            throw new CorruptDataException("The epoch claims more zero pages than a repair writes.");
        }
    }
}
