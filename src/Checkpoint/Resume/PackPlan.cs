namespace PageStore.Checkpoint;

/// <summary>Reads the plan of a pack entry by entry, past what of it is damaged. For one thread.</summary>
internal sealed class PackPlan(NodeReader nodes, EpochRecord epoch, PackRef pack)
{
    private readonly byte[] _entry = new byte[PlanEntry.Size];
    private BlobStream? _stream;
    private long _next;

    /// <summary>Why entries were left out, the first reason; null while none was.</summary>
    public PageStoreException? Damage { get; private set; }

    /// <summary>The next entry that can be read; false behind the last one.</summary>
    public bool TryReadNext(out PlanEntry entry)
    {
        while (_next < pack.PageCount)
        {
            try
            {
                _stream ??= new BlobStream(nodes, pack.Plan, epoch.Offset);
                _stream.Position = _next * PlanEntry.Size;
                _stream.ReadExactly(_entry);
                _next++;
                entry = PlanEntry.Read(_entry);
                if (WhatIsWrong(entry) is not { } wrong)
                {
                    return true;
                }

                Damage ??= Checkpoint.Damage.InEpoch(epoch.Id, "resume pack", Checkpoint.Damage.At(epoch.Offset, wrong));
            }
            catch (PageStoreException reason)
            {
                Damage ??= reason is CorruptDataException damage ? Checkpoint.Damage.InEpoch(epoch.Id, "resume pack", damage) : reason;
                SkipChunk();
            }
        }

        entry = default;
        return false;
    }

    private string? WhatIsWrong(PlanEntry entry) =>
        entry.Page.Value < 0 || entry.Page.Value >= epoch.PageCount ? $"the plan of a pack names page {entry.Page}, and the guest has {epoch.PageCount}"
        : EntryRules.CheckLeaf(entry.Entry, TreeKind.PageTable) is { } wrong ? "the plan of a pack holds " + wrong
        : null;

    /// <summary>Goes on with the first entry that lies behind the chunk that cannot be read, as a whole.</summary>
    private void SkipChunk()
    {
        long behind = _stream is null ? pack.Plan.Length : ((_stream.Position / Layout.ChunkSize) + 1) * Layout.ChunkSize;
        _next = (behind + PlanEntry.Size - 1) / PlanEntry.Size;
    }
}
