namespace PageStore.Checkpoint;

/// <summary>Makes the resume plan of an epoch from what the file remembers of the guest. Thread-safe.</summary>
public static class EpochPlans
{
    /// <summary>
    /// How many of the last intervals are learned at most: the slowest half-life of <see cref="PredictivePolicy"/> is 64, so what is older than eight of them counts less than a 256th.
    /// </summary>
    private const int MaxIntervals = 512;

    /// <summary>Makes a plan.</summary>
    /// <param name="reader">The file.</param>
    /// <param name="epoch">The epoch of it that is to be resumed.</param>
    /// <param name="policy">A policy that knows nothing yet; it learns the intervals that led to the epoch. It stays the caller's, and is of no use for anything else.</param>
    /// <param name="budget">How many times the pages that were touched in the last interval the plan may have, from 0 up; 2 is what policies are judged by.</param>
    /// <param name="learn">What guests demanded when they were resumed from the epoch, or from one that led to it; records of others are left aside. Null for none.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The plan; empty if the file remembers no interval that led to the epoch.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The budget is negative or no number.</exception>
    /// <exception cref="CorruptDataException">What the file remembers is damaged.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static ResumePlan Make(CheckpointReader reader, Epoch epoch, IResumePolicy policy, double budget, IReadOnlyCollection<ResumeRecord>? learn = null, CancellationToken cancellationToken = default) =>
        budget >= 0 && !double.IsInfinity(budget)
            ? Make(reader, epoch, policy, accessed => ResumeBudget.OfAccessed(accessed, budget), learn, cancellationToken)
            : throw new ArgumentOutOfRangeException(nameof(budget), budget, "A budget is a number from 0 up.");

    /// <summary>Makes a plan of so many pages at most, whatever the last interval touched.</summary>
    /// <param name="reader">The file.</param>
    /// <param name="epoch">The epoch of it that is to be resumed.</param>
    /// <param name="policy">A policy that knows nothing yet; it learns the intervals that led to the epoch. It stays the caller's, and is of no use for anything else.</param>
    /// <param name="budget">How many pages the plan may have.</param>
    /// <param name="learn">What guests demanded when they were resumed from the epoch, or from one that led to it; records of others are left aside. Null for none.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The plan; empty if the file remembers no interval that led to the epoch.</returns>
    /// <exception cref="CorruptDataException">What the file remembers is damaged.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static ResumePlan MakeWithin(CheckpointReader reader, Epoch epoch, IResumePolicy policy, ResumeBudget budget, IReadOnlyCollection<ResumeRecord>? learn = null, CancellationToken cancellationToken = default) =>
        Make(reader, epoch, policy, accessed => accessed == 0 ? ResumeBudget.None : budget, learn, cancellationToken);

    private static ResumePlan Make(
        CheckpointReader reader, Epoch epoch, IResumePolicy policy, Func<long, ResumeBudget> budgetOf, IReadOnlyCollection<ResumeRecord>? learn, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(epoch);
        ArgumentNullException.ThrowIfNull(policy);
        long accessed = 0;
        bool readsKnown = true;
        foreach (EpochInfo info in EpochAccesses.LeadingTo(reader, epoch.Info.Id).TakeLast(MaxIntervals))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using Epoch past = reader.OpenEpoch(info.Id);
            using RecordedInterval interval = EpochAccesses.Read(past);
            policy.Observe(interval.Accesses);
            readsKnown = interval.Accesses.Read is not null;
            Learn(policy, learn, reader.FileId, info, readsKnown);
            accessed = Count(interval.Accesses);
        }

        long pages = Math.Min(budgetOf(accessed).Pages, epoch.PageCount);
        return new ResumePlan(epoch.Info.Id, pages == 0 ? [] : Rank(epoch, policy, pages, readsKnown, cancellationToken), epoch.Info.PagesConfigured);
    }

    private static Pfn[] Rank(Epoch epoch, IResumePolicy policy, long pages, bool readsKnown, CancellationToken cancellationToken)
    {
        if (readsKnown)
        {
            return InEpoch(policy.Rank(pages), epoch.PageCount);
        }

        // Where the hypervisor tells no reads, the guest's own tables do; this reads all of its memory.
        using GuestPageTables? tables = GuestPageTables.Find(epoch, cancellationToken);
        if (tables is not null)
        {
            policy.ObserveTables(tables);
        }

        return InEpoch(policy.Rank(pages), epoch.PageCount);
    }

    /// <summary>What was demanded behind an epoch, and nothing of what was loaded for it.</summary>
    private static void Learn(IResumePolicy policy, IReadOnlyCollection<ResumeRecord>? records, Guid file, EpochInfo behind, bool readsKnown)
    {
        foreach (ResumeRecord record in records ?? [])
        {
            if (record.FileId == file && record.Epoch == behind.Id && record.Demanded.Length == behind.PageCount)
            {
                using var none = new PageBitmap(record.Demanded.Length);
                policy.Observe(new AccessInterval(none, readsKnown ? none : null) { Demanded = record.Demanded });
            }
        }
    }

    /// <summary>A guest may have been larger once.</summary>
    internal static Pfn[] InEpoch(Pfn[] pages, long pageCount) =>
        Array.TrueForAll(pages, page => page.Value < pageCount) ? pages : Array.FindAll(pages, page => page.Value < pageCount);

    /// <summary>How many pages were touched.</summary>
    internal static long Count(AccessInterval interval)
    {
        using var accessed = new PageBitmap(interval.Written.Length);
        interval.AddAccessed(accessed);
        return accessed.Count();
    }
}
