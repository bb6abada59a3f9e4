namespace PageStore;

/// <summary>
/// The default: how often and how lately a page was touched, over several time scales at once. Each scale keeps a frequency that decays by half in so many intervals, and
/// their sum ranks the pages: what was touched just now comes first, and below it what comes back again and again.
/// </summary>
/// <remarks>
/// Where only W is known, the guest's page tables (<see cref="ObserveTables"/>) tell which other pages it uses, and pages next to written ones count a little.
/// Memory: 20 bytes for each page that was touched, at most <see cref="MaxPages"/> of them (the least likely are forgotten), and a bit for each page of the guest, three while it learns; a plan takes 24 bytes for each of its pages.
/// </remarks>
public sealed class PredictivePolicy : IResumePolicy
{
    /// <summary>How many touched pages are remembered at most: 16 GiB of 4 KiB pages, in 80 MiB.</summary>
    public const int MaxPages = 1 << 22;

    private readonly AccessHistory _history;
    private GuestPageTables? _tables;
    private bool _readsKnown = true;

    /// <summary>Makes the policy; nothing is known yet.</summary>
    public PredictivePolicy()
        : this(MaxPages)
    {
    }

    internal PredictivePolicy(int maxPages) => _history = new AccessHistory(maxPages);

    /// <inheritdoc/>
    public string Name => "default";

    /// <inheritdoc/>
    /// <remarks>Intervals with R and without must not be mixed: the last one says what the ranking relies on.</remarks>
    public void Observe(AccessInterval interval)
    {
        ArgumentNullException.ThrowIfNull(interval);
        _readsKnown = interval.Read is not null;
        using var accessed = new PageBitmap(interval.Written.Length);
        interval.AddAccessed(accessed);
        _history.Add(accessed);
    }

    /// <inheritdoc/>
    /// <remarks>Counts where R is not known.</remarks>
    public void ObserveTables(GuestPageTables tables)
    {
        ArgumentNullException.ThrowIfNull(tables);
        _tables = tables;
    }

    /// <inheritdoc/>
    public Pfn[] Rank(long budget)
    {
        long expected = _readsKnown ? _history.Count : WrittenRanking.Expected(_history);
        var ranking = new Ranking(budget, expected);
        if (_readsKnown)
        {
            for (int page = 0; page < _history.Count; page++)
            {
                ranking.Add(_history.PageAt(page), _history.FrequencyAt(page));
            }
        }
        else
        {
            WrittenRanking.AddTo(ranking, _history, _tables);
        }

        return ranking.Best();
    }

    /// <inheritdoc/>
    public void Dispose() => _history.Dispose();
}
