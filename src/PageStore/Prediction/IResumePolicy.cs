namespace PageStore;

/// <summary>
/// Chooses what to load before a guest runs again, from what it touched so far. Fed with each interval once, in order. Not thread-safe; it may own memory until it
/// is disposed.
/// </summary>
public interface IResumePolicy : IDisposable
{
    /// <summary>A short name, as on a command line.</summary>
    string Name { get; }

    /// <summary>Learns the interval that ended last.</summary>
    /// <param name="interval">As long as those before it, or longer: a guest may grow.</param>
    void Observe(AccessInterval interval);

    /// <summary>Learns what the guest's own page tables say; nothing, where a policy has no use for them.</summary>
    /// <param name="tables">Of the newest content of the guest that is known. Lent until the next call, or until the policy is disposed.</param>
    void ObserveTables(GuestPageTables tables)
    {
    }

    /// <summary>The pages that the guest is likely to touch next, the likeliest first.</summary>
    /// <param name="budget">How many at most, from 0 up.</param>
    /// <returns>Each page once. Fewer than the budget where nothing else is likely.</returns>
    Pfn[] Rank(long budget);
}
