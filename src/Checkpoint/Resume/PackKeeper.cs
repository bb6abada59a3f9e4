namespace PageStore.Checkpoint;

/// <summary>
/// Gives each new epoch its resume pack, within the epoch's own commit, so that the newest one, which a crash leaves, is the one that comes back quickest. The pack of the epoch before is dropped by the same commit: it
/// would cost as much and be used by nobody. To be given to each epoch, in order: <see cref="EpochOptions.Packs"/>, or for a whole capture <see cref="CaptureOptions.Packs"/>. Not thread-safe; to be used by whoever uses the writer.
/// </summary>
/// <remarks>
/// An epoch has none where it is described against no other, so that no interval is known, or where nothing was touched; nor where a page of its plan is damaged or the plan is too large for a record: then
/// <see cref="Failure"/> says so, and the epoch is whole all the same. The pack of the epoch before stays then.
/// </remarks>
public sealed class PackKeeper : IDisposable
{
    private readonly CheckpointWriter _writer;
    private readonly IResumePolicy _policy;
    private readonly double _budget;
    private readonly SortedSet<EpochId> _packed;

    /// <summary>Begins. Packs that the two newest epochs of the file have are dropped with the first one of this.</summary>
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

    /// <summary>Why the last epoch has no pack although there was something to pack; null where it has one, or there was nothing.</summary>
    public PageStoreException? Failure { get; internal set; }

    /// <summary>The epochs whose packs go with the commit of the next one, by ascending number.</summary>
    internal IReadOnlyCollection<EpochId> Packed => _packed;

    /// <inheritdoc/>
    public void Dispose() => _policy.Dispose();

    /// <exception cref="ArgumentException">The packs are another file's.</exception>
    internal void ThrowUnlessOf(CheckpointWriter writer)
    {
        if (writer != _writer)
        {
            throw new ArgumentException("The packs are kept for another writer: make a keeper for this one.", nameof(writer));
        }
    }

    /// <summary>Learns the interval that ends with an epoch, and says what to pack; nothing for one of which no interval is known.</summary>
    internal Pfn[] Plan(EpochRecord epoch, AccessInterval interval)
    {
        Failure = null;
        if (epoch.Parent == default)
        {
            return [];
        }

        _policy.Observe(interval);
        return EpochPlans.InEpoch(_policy.Rank(ResumeBudget.OfAccessed(EpochPlans.Count(interval), _budget).Pages), epoch.PageCount);
    }

    /// <summary>Takes note of an epoch that is in the file now.</summary>
    internal void Committed(EpochRecord epoch)
    {
        if (epoch.Pack is not null)
        {
            _packed.Clear();
            _packed.Add(epoch.Id);
        }
    }

    /// <summary>Which of the two newest epochs have a pack: behind an epoch in which nothing was touched, or that could not be packed, the one before has it.</summary>
    private static SortedSet<EpochId> PackedOf(CheckpointWriter writer)
    {
        SortedSet<EpochId> packed = [];
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
}
