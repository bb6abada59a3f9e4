namespace PageStore.Checkpoint;

/// <summary>Gives epochs resume packs and takes them away: of a committed one the record is written anew, and everything else of it stays as it is. For one thread.</summary>
/// <param name="file">The file.</param>
internal sealed class PackEditor(WritableFile file)
{
    /// <summary>Writes a pack, in the place of one that the epoch has, and commits.</summary>
    /// <exception cref="KeyNotFoundException">There is no such epoch.</exception>
    /// <exception cref="ArgumentException">The plan is empty, names a page twice, or one outside the guest.</exception>
    public EpochRecord Write(ResumePlan plan, CancellationToken cancellation)
    {
        EpochRecord record = RecordOf(plan.Epoch);
        ThrowUnlessPlanOf(record, plan.Pages.Span);
        return Replace(record, record with { Pack = WriterFor(new Epoch(file.Root, record), cancellation).Write(plan.Pages.Span) });
    }

    /// <summary>Appends the pack of an epoch under way, for the commit of that. What is wrong with its pages costs the pack, not the epoch.</summary>
    /// <param name="record">The epoch, all but its pack.</param>
    /// <param name="pages">The plan: pages of the guest, each once.</param>
    /// <param name="failure">Why there is none; null where there is one.</param>
    /// <param name="cancellation">Ends it, and with it the epoch.</param>
    /// <exception cref="StorageException">The medium failed or is full.</exception>
    public PackRef? TryAppend(EpochRecord record, ReadOnlySpan<Pfn> pages, out PageStoreException? failure, CancellationToken cancellation = default)
    {
        failure = null;
        PackWriter? writer = null;
        try
        {
            writer = WriterFor(new Epoch(file.UnderWay(), record), cancellation);
            return writer.Write(pages);
        }
        catch (PageStoreException cause) when (cause is CorruptDataException or UnsupportedException)
        {
            writer?.Release();
            failure = cause;
            return null;
        }
    }

    /// <summary>Takes packs of committed epochs away, for a commit under way; epochs that have none, or that are no more, are passed over. So are packs whose plans are damaged: what they take could not be released to its end, and the commit is another epoch's.</summary>
    /// <param name="epochs">The epochs, by ascending number.</param>
    /// <returns>What changes in the directory.</returns>
    public IEnumerable<LeafChange> Release(IEnumerable<EpochId> epochs)
    {
        foreach (EpochId id in epochs)
        {
            if (file.Root.TryReadRecord(id) is { Pack: { } pack } record && IsWhole(record, pack))
            {
                yield return new LeafChange(id.Value, 0, Rewrite(record, record with { Pack = null }));
            }
        }
    }

    /// <summary>Takes the pack of an epoch away and commits; null where it has none.</summary>
    /// <exception cref="KeyNotFoundException">There is no such epoch.</exception>
    public EpochRecord? Drop(EpochId id)
    {
        EpochRecord record = RecordOf(id);
        return record.Pack is null ? null : Replace(record, record with { Pack = null });
    }

    private EpochRecord Replace(EpochRecord before, EpochRecord after)
    {
        Entry entry = Rewrite(before, after);
        file.Commit([new LeafChange(after.Id.Value, 0, entry)], slot => slot with { OptionalFeatures = slot.OptionalFeatures | FormatFeatures.ResumePacks });
        return after with { Offset = entry.Offset, StoredBytes = entry.StoredBytes };
    }

    /// <summary>Appends the new record of a committed epoch, and releases the one before with its pack.</summary>
    private Entry Rewrite(EpochRecord before, EpochRecord after)
    {
        if (before.Pack is { } pack)
        {
            new EpochRemover(file, file.Root.Nodes, new DeadRanges()).Remove(pack);
        }

        file.Segments.Release(before.Offset, before.StoredBytes);
        return file.AppendRecord(EpochRecordFormat.Write(after));
    }

    /// <summary>A writer of a pack of as many extents as the record of the epoch has room for.</summary>
    private PackWriter WriterFor(Epoch epoch, CancellationToken cancellation)
    {
        int room = EpochRecord.MaxSize - file.Blocks.Overhead - EpochRecordFormat.Write(epoch.Record with { Pack = null }).Length - EpochRecordFormat.ItemSize(PackRef.SizeOf(0));
        return new PackWriter(file, epoch, Math.Max(0, room) / (PackRef.SizeOf(1) - PackRef.SizeOf(0)), cancellation);
    }

    private bool IsWhole(EpochRecord record, PackRef pack)
    {
        var plan = new PackPlan(file.Root.Nodes, record, pack);
        while (plan.TryReadNext(out _))
        {
        }

        return plan.Damage is null;
    }

    private EpochRecord RecordOf(EpochId id) =>
        file.Root.TryReadRecord(id) ?? throw new KeyNotFoundException($"{file.Storage.Name} has no epoch {id}.");

    private static void ThrowUnlessPlanOf(EpochRecord record, ReadOnlySpan<Pfn> pages)
    {
        if (pages.IsEmpty)
        {
            throw new ArgumentException($"The plan for epoch {record.Id} has no pages: there is nothing to pack.", nameof(pages));
        }

        using var known = new PageBitmap(record.PageCount);
        foreach (Pfn page in pages)
        {
            if (page.Value < 0 || page.Value >= record.PageCount || known.Contains(page))
            {
                throw new ArgumentException($"The plan names page {page} twice, or it is none of the {record.PageCount} pages of epoch {record.Id}.", nameof(pages));
            }

            known.Set(page);
        }
    }
}
