namespace PageStore;

/// <summary>What page tables add to the odds of a page; asked in ascending order.</summary>
internal sealed class TableScores
{
    private readonly GuestPageTables _tables;
    private readonly ActivityCursor _users;
    private readonly ActivityCursor _spaces;

    public TableScores(GuestPageTables tables, AccessHistory history)
    {
        float[] activities = SpaceActivity.Of(tables, history);
        _tables = tables;
        _users = new ActivityCursor(tables.Accessed, activities);
        _spaces = new ActivityCursor(tables.SpaceTables, activities);
    }

    /// <summary>What is to be added for a page.</summary>
    /// <param name="page">Above the one asked before.</param>
    /// <param name="written">Whether it was ever written.</param>
    public float Next(Pfn page, bool written) =>
        page.Value >= _tables.Tables.Length ? 0 : OfTable(page, written) + OfUser(page, written) + (written ? 0 : OfKernel(page));

    private float OfTable(Pfn page, bool written) => !_tables.Tables.Contains(page)
        ? 0
        : (written ? 0 : WrittenWeights.UnwrittenTable)
            + (_tables.UsedTables.Contains(page) ? WrittenWeights.UsedTable : 0)
            + (WrittenWeights.TableActivity * WrittenWeights.Logarithm(_spaces.At(page)));

    private float OfUser(Pfn page, bool written) => !_tables.UserPages.Contains(page)
        ? 0
        : (written ? WrittenWeights.WrittenUser : WrittenWeights.UnwrittenUser) + (WrittenWeights.UserActivity * WrittenWeights.Logarithm(_users.At(page)));

    private float OfKernel(Pfn page) =>
        (_tables.KernelCodeEarly.Contains(page) ? WrittenWeights.EarlyCode : 0)
        + (_tables.KernelConstants.Contains(page) ? WrittenWeights.Constants : 0)
        + (_tables.KernelData.Contains(page) ? WrittenWeights.KernelData : 0)
        + (_tables.Zero.Contains(page) ? WrittenWeights.Zero : 0);
}
