namespace PageStore.Checkpoint;

/// <summary>Reads the plans of packs that are to be written again into another file. Whatever is wrong with one costs no more than the pack, which is a copy. For one thread.</summary>
internal sealed class PlanSource(SalvageSource source, RepairOptions options)
{
    // As for pages: an honest pack is in the file, and a hostile one names one block any number of times.
    private long _bytesLeft = (options.MaxGrowth * source.FileBytes) + (64L << 20);

    /// <summary>The pages of an epoch's pack, each once, in their order: of a damaged plan those that it still tells. Null where there is none to keep, or it cannot be.</summary>
    public Pfn[]? Read(EpochRecord epoch)
    {
        // The chunks of a plan are raw, so it cannot be longer than the file.
        if (!options.KeepsPacks || epoch.Pack is not { } pack || pack.Plan.Length > source.FileBytes || pack.PageCount > _bytesLeft / source.Header.PageSize)
        {
            return null;
        }

        var plan = new PackPlan(source.Nodes, epoch, pack);
        HashSet<Pfn> known = [];
        List<Pfn> pages = [];
        while (plan.TryReadNext(out PlanEntry entry))
        {
            if (known.Add(entry.Page))
            {
                pages.Add(entry.Page);
            }
        }

        _bytesLeft -= (long)pages.Count * source.Header.PageSize;
        return [.. pages];
    }
}
