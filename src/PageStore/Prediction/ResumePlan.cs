namespace PageStore;

/// <summary>What to load, in order, before the guest of one epoch runs again. It says nothing of any other epoch. Immutable.</summary>
public sealed record ResumePlan
{
    /// <summary>Above half of what the guest holds, loading everything is nearly as quick, and the plan is more likely an error than a working set.</summary>
    private const double LargeShare = 0.5;

    private readonly Pfn[] _pages;

    /// <summary>Makes a plan.</summary>
    /// <param name="epoch">The epoch whose guest is to be resumed.</param>
    /// <param name="pages">Each page once, the likeliest first; the array is the plan's from now on.</param>
    /// <param name="configuredPages">How many pages of the epoch hold data worth keeping.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="configuredPages"/> is negative.</exception>
    public ResumePlan(EpochId epoch, Pfn[] pages, long configuredPages)
    {
        ArgumentNullException.ThrowIfNull(pages);
        ArgumentOutOfRangeException.ThrowIfNegative(configuredPages);
        (Epoch, _pages, ConfiguredPages) = (epoch, pages, configuredPages);
    }

    /// <summary>The epoch that the plan is for.</summary>
    public EpochId Epoch { get; }

    /// <summary>The pages, the likeliest first.</summary>
    public ReadOnlyMemory<Pfn> Pages => _pages;

    /// <summary>How many pages of the epoch hold data worth keeping.</summary>
    public long ConfiguredPages { get; }

    /// <summary>Whether the plan has more than half of the configured pages: then it saves little, and deserves a look.</summary>
    public bool IsLarge => _pages.Length > ConfiguredPages * LargeShare;
}
