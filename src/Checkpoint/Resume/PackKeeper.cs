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
    private EpochId? _packed;

    /// <summary>Begins. If the newest epoch of the file has a pack, that is dropped behind the first one of this.</summary>
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
        _packed = PackedNewest(writer);
    }

    /// <summary>Learns the interval that ended with an epoch, and writes its pack: a commit of its own behind that of the epoch, and another one that drops the former pack.</summary>
    /// <param name="committed">The newest epoch; to be told of each, in order.</param>
    /// <returns>The epoch as it is now; without a pack where it was the first, of which no interval is known, or where nothing was touched.</returns>
    /// <exception cref="StorageException">The file could not be written, and the writer writes no more. The epoch is whole all the same.</exception>
    /// <exception cref="CorruptDataException">A set of the epoch is damaged.</exception>
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
        if (_packed is { } former)
        {
            _writer.DropPack(former);
        }

        _packed = committed.Id;
        return packed;
    }

    /// <inheritdoc/>
    public void Dispose() => _policy.Dispose();

    /// <summary>The newest epoch, if another keeper gave it a pack: it is the former one then.</summary>
    private static EpochId? PackedNewest(CheckpointWriter writer)
    {
        if (writer.Newest is not { } newest)
        {
            return null;
        }

        using Epoch epoch = writer.OpenEpoch(newest);
        return epoch.Info.Pack is null ? null : newest;
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
