namespace PageStore.Checkpoint;

/// <summary>
/// Compares what the record of an epoch says with its page table and its sets: the counts of pages by class, and that W holds every page
/// whose content differs from its parent's. Epochs come by ascending id. The counts of an epoch are those of the one that it is compared with
/// and the difference, so the cost grows with what differs.
/// </summary>
internal sealed class EpochChecks(FileRoot root, Action<CorruptDataException> report, CancellationToken cancellation)
{
    private readonly Dictionary<EpochId, ClassCounts> _counted = [];
    private readonly byte[] _before = new byte[root.Header.PageSize];
    private readonly byte[] _after = new byte[root.Header.PageSize];

    public void Check(EpochRecord record)
    {
        using PageBitmap? written = TryRead(record, () => new Epoch(root, record).ReadWrittenSet());
        using PageBitmap? read = TryRead(record, () => new Epoch(root, record).ReadReadSet());
        if (written is not null && read is not null && PageBitmap.CountAnd(written, read) != 0)
        {
            Report(record, $"W and R share {PageBitmap.CountAnd(written, read)} pages");
        }

        CheckTable(record, written);
    }

    private void CheckTable(EpochRecord record, PageBitmap? written)
    {
        EpochRecord? known = Neighbour(record, out ClassCounts counts);
        long unwritten = 0;
        bool isParent = known is not null && known.Id == record.Parent;
        var diff = new TreeRunDiff(root.Nodes, TreeKind.PageTable)
        {
            Visit = (first, count, before, after) =>
            {
                counts.Add(ClassCounts.ClassOf(before.Kind), -count);
                counts.Add(ClassCounts.ClassOf(after.Kind), count);
                unwritten += isParent && written is not null && !IsMoved(first, before, after) ? CountUnwritten(written, first, count) : 0;
            },
            Cancellation = cancellation,
        };
        try
        {
            diff.Run(known?.PageTable ?? default, record.PageTable);
        }
        catch (CorruptDataException)
        {
            // A damaged node is reported where it is read for itself; without it there is nothing to compare.
            return;
        }

        counts.Absent = record.PageCount - counts.Zero - counts.Repeated - counts.Data;
        _counted[record.Id] = counts;
        if (counts != record.Counts)
        {
            Report(record, $"the record counts {Describe(record.Counts)}, the page table has {Describe(counts)}");
        }

        if (unwritten > 0)
        {
            Report(record, $"{unwritten} pages differ from the parent's and are not in W");
        }
    }

    /// <summary>A writer may store a page anew that was not written, to empty a segment: another block, the same content.</summary>
    private bool IsMoved(long pfn, Entry before, Entry after) =>
        before.HasBlock && after.HasBlock && before.Type == after.Type
        && (root.Nodes.Blocks.SumsCompare ? before.ContentSum == after.ContentSum : HaveSameBytes(pfn, before, after));

    private bool HaveSameBytes(long pfn, Entry before, Entry after)
    {
        try
        {
            root.Nodes.Blocks.ReadContent(before, _before, pfn);
            root.Nodes.Blocks.ReadContent(after, _after, pfn);
            return _before.AsSpan().SequenceEqual(_after);
        }
        catch (CorruptDataException)
        {
            // A damaged page is reported where it is read for itself; without it there is nothing to compare.
            return true;
        }
    }

    private static long CountUnwritten(PageBitmap written, long first, long count)
    {
        long inside = Math.Min(count, written.Length - first);
        return inside <= 0 ? 0 : inside - written.CountRange(new PfnRun(new Pfn(first), inside));
    }

    private static string Describe(ClassCounts counts) =>
        $"{counts.Absent} absent, {counts.Zero} zero, {counts.Repeated} repeated and {counts.Data} data pages";

    /// <summary>An epoch that was counted already and shares much with this one: its parent, else the one before it.</summary>
    private EpochRecord? Neighbour(EpochRecord record, out ClassCounts counts)
    {
        foreach (EpochId id in (EpochId[])[record.Parent, new EpochId(record.Id.Value - 1)])
        {
            if (_counted.TryGetValue(id, out counts))
            {
                return root.TryReadRecord(id);
            }
        }

        counts = default;
        return null;
    }

    private static PageBitmap? TryRead(EpochRecord record, Func<PageBitmap?> read)
    {
        try
        {
            return record.PageCount <= Verifier.MaxSetPages ? read() : null;
        }
        catch (CorruptDataException)
        {
            // Reported where the sets are read for themselves.
            return null;
        }
    }

    private void Report(EpochRecord record, string what) => report(Damage.InEpoch(record.Id, "record", Damage.At(record.Offset, what)));
}
