namespace PageStore;

/// <summary>How active the program of each address space is: how often the pages that it has written to were written of late.</summary>
internal static class SpaceActivity
{
    /// <summary>For each address space the mean frequency of its dirtied pages; a space with few pages counts for less.</summary>
    public static float[] Of(GuestPageTables tables, AccessHistory history)
    {
        double[] sums = new double[tables.AddressSpaceCount];
        int[] counts = new int[tables.AddressSpaceCount];
        int known = 0;
        foreach (SpaceEntry entry in tables.Dirtied)
        {
            while (known < history.Count && history.PageAt(known).Value < entry.Page)
            {
                known++;
            }

            counts[entry.Space]++;
            sums[entry.Space] += known < history.Count && history.PageAt(known).Value == entry.Page ? history.PhaseAt(known) : 0;
        }

        return [.. sums.Zip(counts, (sum, count) => (float)(sum / (count + 1)))];
    }
}
