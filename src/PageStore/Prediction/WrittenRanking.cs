namespace PageStore;

/// <summary>
/// Scores pages where only writes are known. A page's score is about the chance that it is touched within the next intervals: by its own writes, by those of the pages next to it, and
/// by what the guest's page tables say of it.
/// </summary>
internal sealed class WrittenRanking
{
    /// <summary>A kernel hands out neighbouring pages together, so they are used together: so many pages on either side.</summary>
    private const int Radius = 4;

    // From frequencies of writes to chances of an access. A page that is written once in n intervals is read more often than that.
    private const float PhaseWeight = 2;
    private const float SlowWeight = 6;

    // Chances of pages that tables map, that were accessed since, and that were not written in the history. Measured on four recorded machines: tables 0.17 to 0.38, code
    // 0.08 to 0.34, code of the kernel 0.10 to 0.18, data that is only read 0.02 to 0.14; written data 0.01 to 0.02 in quiet programs and 0.30 among busy
    // pages, which the density of its table tells apart.
    private const float TableChance = 0.3f;
    private const float CodeChance = 0.25f;
    private const float KernelCodeChance = 0.18f;
    private const float CleanChance = 0.06f;
    private const float DirtyChance = 0.01f;
    private const float DensityWeight = 3;

    private readonly AccessHistory _history;
    private readonly GuestPageTables? _tables;
    private readonly (long Page, float Density)[] _densities;
    private readonly NeighbourSum _neighbours;
    private int _known;
    private int _density;

    private WrittenRanking(AccessHistory history, GuestPageTables? tables)
    {
        (_history, _tables) = (history, tables);
        _neighbours = new NeighbourSum(history, Radius);
        _densities = tables is null ? [] : TableDensity.Of(tables, history, SlowWeight);
    }

    /// <summary>Adds all pages of which anything is known, ascending.</summary>
    public static void AddTo(Ranking ranking, AccessHistory history, GuestPageTables? tables)
    {
        var scores = new WrittenRanking(history, tables);
        using PageBitmap candidates = scores.Candidates();
        foreach (Pfn page in candidates.SetBits())
        {
            ranking.Add(page, scores.Next(page));
        }
    }

    /// <summary>How many pages there will be about: the known ones, and mostly as many around them.</summary>
    public static long Expected(AccessHistory history) => 2L * history.Count;

    private float ChanceAt(int index) =>
        Math.Min(1, _history.FastAt(index) + (PhaseWeight * _history.PhaseAt(index)) + (SlowWeight * _history.SlowAt(index)));

    private PageBitmap Candidates()
    {
        long length = Math.Max(_history.Length, _tables?.Tables.Length ?? 0);
        var candidates = new PageBitmap(length);
        foreach (PfnRun run in _history.Known.Runs())
        {
            long first = Math.Max(0, run.First.Value - Radius);
            candidates.SetRange(new Pfn(first), Math.Min(length, run.End.Value + Radius) - first);
        }

        if (_tables is not null)
        {
            candidates.Or(_tables.Tables);
            candidates.Or(_tables.KernelCode);
            candidates.Or(_tables.UserCode);
            candidates.Or(_tables.UserClean);
            candidates.Or(_tables.UserDirty);
        }

        return candidates;
    }

    /// <summary>The score of a page, asked in ascending order.</summary>
    private float Next(Pfn page)
    {
        while (_known < _history.Count && _history.PageAt(_known) < page)
        {
            _known++;
        }

        bool isKnown = _known < _history.Count && _history.PageAt(_known) == page;
        if (!isKnown && IsZero(page))
        {
            return 0;
        }

        float written = isKnown ? ChanceAt(_known) : 0;
        return written + _neighbours.Around(page) + (TableChanceOf(page) * (1 - written));
    }

    /// <summary>A page that is zero and was never written is mostly a free one.</summary>
    private bool IsZero(Pfn page) => _tables is not null && page.Value < _tables.Zero.Length && _tables.Zero.Contains(page);

    private float TableChanceOf(Pfn page)
    {
        if (_tables is null || page.Value >= _tables.Tables.Length)
        {
            return 0;
        }

        float density = 0;
        for (; _density < _densities.Length && _densities[_density].Page <= page.Value; _density++)
        {
            density = _densities[_density].Page == page.Value ? Math.Max(density, _densities[_density].Density) : density;
        }

        return Math.Min(1, ClassChance(_tables, page) + (DensityWeight * density));
    }

    private static float ClassChance(GuestPageTables tables, Pfn page) =>
        tables.Tables.Contains(page) ? TableChance
        : tables.UserCode.Contains(page) ? CodeChance
        : tables.UserClean.Contains(page) ? CleanChance
        : tables.UserDirty.Contains(page) ? DirtyChance
        : tables.KernelCode.Contains(page) ? KernelCodeChance
        : 0;
}
