namespace PageStore.Checkpoint;

/// <summary>Gives committed epochs resume packs and takes them away: the record is written anew, and everything else of the epoch stays as it is. For one thread.</summary>
/// <param name="file">The file, between two commits.</param>
internal sealed class PackEditor(WritableFile file)
{
    /// <summary>Writes a pack, in the place of one that the epoch has, and commits.</summary>
    /// <exception cref="KeyNotFoundException">There is no such epoch.</exception>
    /// <exception cref="ArgumentException">The plan is empty, names a page twice, or one outside the guest.</exception>
    public EpochRecord Write(ResumePlan plan, CancellationToken cancellation)
    {
        EpochRecord record = RecordOf(plan.Epoch);
        ThrowUnlessPlanOf(record, plan.Pages.Span);
        int room = EpochRecord.MaxSize - file.Blocks.Overhead - EpochRecordFormat.Write(record with { Pack = null }).Length - EpochRecordFormat.ItemSize(PackRef.SizeOf(0));
        PackRef pack = new PackWriter(file, new Epoch(file.Root, record), Math.Max(0, room) / (PackRef.SizeOf(1) - PackRef.SizeOf(0)), cancellation).Write(plan.Pages.Span);
        return Replace(record, record with { Pack = pack });
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
        if (before.Pack is { } pack)
        {
            new EpochRemover(file, file.Root.Nodes, new DeadRanges()).Remove(pack);
        }

        file.Segments.Release(before.Offset, before.StoredBytes);
        Entry entry = file.AppendRecord(EpochRecordFormat.Write(after));
        file.Commit([new LeafChange(after.Id.Value, 0, entry)], slot => slot with { OptionalFeatures = slot.OptionalFeatures | FormatFeatures.ResumePacks });
        return after with { Offset = entry.Offset, StoredBytes = entry.StoredBytes };
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
