namespace PageStore;

/// <summary>
/// How busy the pages of one page table are: neighbours in the address space of a program are used together, wherever in memory they lie.
/// </summary>
internal static class TableDensity
{
    /// <summary>For each entry, ascending by page, the mean chance of the pages of its table by their writes in the long run.</summary>
    /// <param name="tables">The entries.</param>
    /// <param name="history">The writes.</param>
    /// <param name="weight">From slow frequencies to chances.</param>
    public static (long Page, float Density)[] Of(GuestPageTables tables, AccessHistory history, float weight)
    {
        double[] sums = new double[tables.LeafTableCount];
        int[] counts = new int[tables.LeafTableCount];
        int known = 0;
        foreach (TableEntry entry in tables.Entries)
        {
            while (known < history.Count && history.PageAt(known).Value < entry.Page)
            {
                known++;
            }

            counts[entry.Table]++;
            sums[entry.Table] += known < history.Count && history.PageAt(known).Value == entry.Page ? Math.Min(1, weight * history.SlowAt(known)) : 0;
        }

        return Array.ConvertAll(tables.Entries, entry => (entry.Page, (float)(sums[entry.Table] / counts[entry.Table])));
    }
}
