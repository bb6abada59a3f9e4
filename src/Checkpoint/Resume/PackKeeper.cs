namespace PageStore.Checkpoint;

/// <summary>
/// Gives each new epoch of a capture its resume pack, so that the newest one, which a crash leaves, is the one that comes back quickest. The pack of the epoch before is dropped: it would
/// cost as much and be used by nobody. Not thread-safe; to be used by whoever uses the writer.
/// </summary>
public sealed class PackKeeper : IDisposable
{
    private readonly CheckpointWriter _writer;
    private readonly IResumePolicy _policy;
    private readonly double _budget;
    private readonly List<EpochId> _packed;

    /// <summary>Begins. Packs that the two newest epochs of the file have are dropped behind the first one of this.</summary>
    /// <param name="writer">The file; it stays the caller's.</param>
    /// <param name="policy">Makes the plans. One that knows nothing yet, and which is disposed with this.</param>
    /// <param name="budget">How many times the pages that were touched in an interval a pack may have, above 0; 2 is what policies are judged by.</param>
    /// <exception cref="ArgumentOutOfRangeException">The budget is no number above 0.</exception>
    /// <exception cref="CorruptDataException">The record of the newest epoch is damaged.</exception>
    public PackKeeper(CheckpointWriter writer, IResumePolicy policy, double budget = 2)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(policy);
        if (!(budget > 0) || double.IsInfinity(budget))
        {
            throw new ArgumentOutOfRangeException(nameof(budget), budget, "A budget is a number above 0.");
        }

        (_writer, _policy, _budget) = (writer, policy, budget);
        _packed = PackedOf(writer);
    }

    /// <summary>Learns the interval that ended with an epoch, and writes its pack: a commit of its own behind that of the epoch, and another one that drops the former pack.</summary>
    /// <param name="committed">The newest epoch; to be told of each, in order.</param>
    /// <returns>The epoch as it is now; without a pack where it was the first, of which no interval is known, or where nothing was touched.</returns>
    /// <exception cref="StorageException">The file could not be written, and the writer writes no more. The epoch is whole all the same.</exception>
    /// <exception cref="CorruptDataException">A set of the epoch, a page of its plan, or the former pack is damaged. The epoch is whole all the same, and the writer goes on.</exception>
    /// <exception cref="UnsupportedException">The plan is too large for the file's segments; likewise.</exception>
    public EpochInfo Pack(EpochInfo committed)
    {
        ArgumentNullException.ThrowIfNull(committed);
        if (committed.Parent is null)
        {
            return committed;
        }

        ResumePlan plan = Plan(committed);
        if (plan.Pages.IsEmpty)
        {
            // A guest that touched nothing, and of which nothing is known, has nothing to wait for.
            return committed;
        }

        EpochInfo packed = _writer.WritePack(plan);
        EpochId[] former = [.. _packed];
        _packed.Clear();
        _packed.Add(committed.Id);
        foreach (EpochId epoch in former)
        {
            DropIfKept(epoch);
        }

        return packed;
    }

    /// <inheritdoc/>
    public void Dispose() => _policy.Dispose();

    /// <summary>Which of the two newest epochs have a pack: a keeper that was killed between the commit of an epoch and that of its pack left the one before with one.</summary>
    private static List<EpochId> PackedOf(CheckpointWriter writer)
    {
        List<EpochId> packed = [];
        EpochId? next = writer.Newest;
        for (int i = 0; i < 2 && next is { } id && writer.HasEpoch(id); i++)
        {
            using Epoch epoch = writer.OpenEpoch(id);
            if (epoch.Info.Pack is not null)
            {
                packed.Add(id);
            }

            next = epoch.Info.Parent;
        }

        return packed;
    }

    /// <summary>Of an epoch that was pruned meanwhile the pack has gone as well.</summary>
    private void DropIfKept(EpochId epoch)
    {
        if (_writer.HasEpoch(epoch))
        {
            _writer.DropPack(epoch);
        }
    }

    private ResumePlan Plan(EpochInfo committed)
    {
        using Epoch epoch = _writer.OpenEpoch(committed.Id);
        using RecordedInterval interval = EpochAccesses.Read(epoch);
        _policy.Observe(interval.Accesses);
        ResumeBudget budget = ResumeBudget.OfAccessed(EpochPlans.Count(interval.Accesses), _budget);
        return new ResumePlan(committed.Id, EpochPlans.InEpoch(_policy.Rank(budget.Pages), epoch), committed.PagesConfigured);
    }
}
