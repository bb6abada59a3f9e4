namespace PageStore.Checkpoint;

/// <summary>Checks the resume pack of an epoch: the plan, each copy, and that it is what the epoch has.</summary>
/// <param name="epoch">The epoch.</param>
/// <param name="pack">Its pack.</param>
/// <param name="report">Told of each damage.</param>
internal sealed class PackCheck(Epoch epoch, PackRef pack, Action<CorruptDataException> report)
{
    private readonly byte[] _copy = new byte[epoch.PageSize];
    private readonly PackExtents _extents = new(pack.Extents);
    private readonly byte[] _page = new byte[epoch.PageSize];

    /// <summary>Runs it.</summary>
    /// <param name="next">Called before each page; throws to end it, and says whether to go on.</param>
    public void Run(Func<bool> next)
    {
        var plan = new PackPlan(epoch.Nodes, epoch.Record, pack);
        while (next() && plan.TryReadNext(out PlanEntry entry))
        {
            try
            {
                Check(entry);
            }
            catch (CorruptDataException damage)
            {
                report(damage.Pfn is null ? Damage.InPage(epoch.Record.Id, entry.Page, damage) : damage);
            }
        }

        if (plan.Damage is { } lost)
        {
            report(lost as CorruptDataException ?? throw lost);
        }
    }

    private void Check(PlanEntry entry)
    {
        Entry copy = entry.Entry;
        if (copy.HasBlock)
        {
            _extents.Of(copy.Offset, copy.BlockBytes(epoch.PageSize, epoch.Nodes.Blocks.Overhead));
        }

        epoch.ReadContent(entry.Page, copy, _copy);
        if (TryReadPage(entry.Page) is { } known && (known.Type != copy.Type || ClassCounts.ClassOf(known.Kind) != ClassCounts.ClassOf(copy.Kind) || !_page.AsSpan().SequenceEqual(_copy)))
        {
            throw Damage.InPage(epoch.Record.Id, entry.Page, Damage.At(copy.Offset, "a resume pack has another page than the epoch"));
        }
    }

    /// <summary>The page of the epoch; null where it is damaged, which is reported where it is read for itself.</summary>
    private Entry? TryReadPage(Pfn page)
    {
        try
        {
            TreeCursor cursor = epoch.BindCursor(page);
            Entry entry = epoch.GetEntry(cursor, page, out _);
            Epoch.ReturnCursor(cursor);
            epoch.ReadContent(page, entry, _page);
            return entry;
        }
        catch (CorruptDataException)
        {
            return null;
        }
    }
}
