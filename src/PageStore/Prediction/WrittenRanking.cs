namespace PageStore;

/// <summary>
/// Scores pages where only writes are known: by the odds that they are touched within the next intervals, from their own writes, from those of the pages next to them, and from
/// what the guest's page tables say of them. The logarithm of the odds is a sum; <see cref="WrittenWeights"/> says of what.
/// </summary>
internal sealed class WrittenRanking
{
    private readonly AccessHistory _history;
    private readonly TableScores? _tables;
    private readonly NeighbourSum _next;
    private readonly NeighbourSum _near;
    private readonly NeighbourSum _around;
    private int _known;

    private WrittenRanking(AccessHistory history, GuestPageTables? tables)
    {
        _history = history;
        _tables = tables is null ? null : new TableScores(tables, history);
        _next = new NeighbourSum(history, WrittenWeights.NextRadius);
        _near = new NeighbourSum(history, WrittenWeights.NearRadius);
        _around = new NeighbourSum(history, WrittenWeights.AroundRadius);
    }

    /// <summary>How many pages there will be about: the known ones, and mostly as many around them.</summary>
    public static long Expected(AccessHistory history) => 2L * history.Count;

    /// <summary>Adds all pages of which anything is known, ascending.</summary>
    public static void AddTo(Ranking ranking, AccessHistory history, GuestPageTables? tables)
    {
        var scores = new WrittenRanking(history, tables);
        using PageBitmap candidates = Candidates(history, tables);
        foreach (Pfn page in candidates.SetBits())
        {
            ranking.Add(page, MathF.Exp(scores.Next(page)));
        }
    }

    private static PageBitmap Candidates(AccessHistory history, GuestPageTables? tables)
    {
        long length = Math.Max(history.Length, tables?.Tables.Length ?? 0);
        var candidates = new PageBitmap(length);
        foreach (PfnRun run in history.Known.Runs())
        {
            long first = Math.Max(0, run.First.Value - WrittenWeights.NearRadius);
            candidates.SetRange(new Pfn(first), Math.Min(length, run.End.Value + WrittenWeights.NearRadius) - first);
        }

        if (tables is not null)
        {
            candidates.Or(tables.Tables);
            candidates.Or(tables.UserPages);
            candidates.Or(tables.KernelCode);
        }

        return candidates;
    }

    /// <summary>The logarithm of the odds of a page, asked in ascending order.</summary>
    private float Next(Pfn page)
    {
        while (_known < _history.Count && _history.PageAt(_known) < page)
        {
            _known++;
        }

        bool written = _known < _history.Count && _history.PageAt(_known) == page;
        float odds = WrittenWeights.Base
            + (WrittenWeights.Near * (MathF.Sqrt(_next.Around(page)) + MathF.Sqrt(_near.Around(page))))
            + (WrittenWeights.Around * MathF.Sqrt(_around.Around(page)));
        if (written)
        {
            odds += WrittenWeights.Written + (WrittenWeights.Slow * WrittenWeights.Logarithm(_history.SlowAt(_known))) + (WrittenWeights.Fast * _history.FastAt(_known));
        }

        return odds + (_tables?.Next(page, written) ?? 0);
    }
}
