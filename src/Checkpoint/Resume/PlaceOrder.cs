namespace PageStore.Checkpoint;

/// <summary>
/// The order in which the pages of a plan lie in the file. Before a guest runs it waits for all of its plan, so their likelihood does not matter then, and the way over the medium does.
/// </summary>
internal static class PlaceOrder
{
    /// <summary>Sorts pages by their places; those without content, or whose entry is damaged, come first. Allocates 8 bytes a page.</summary>
    /// <param name="epoch">The epoch.</param>
    /// <param name="pages">Pages of it.</param>
    /// <exception cref="CorruptDataException">The root of its page table is damaged.</exception>
    public static Pfn[] Of(Epoch epoch, ReadOnlySpan<Pfn> pages)
    {
        Pfn[] ordered = pages.ToArray();

        // By number first: neighbours in the guest are found in one leaf of the index, and pages without content end up side by side.
        Array.Sort(ordered);
        TreeCursor cursor = epoch.NewCursor();
        long[] places = Array.ConvertAll(ordered, page => PlaceOf(epoch, cursor, page));

        // The sort is not stable, and pages without content have one place.
        Array.Sort(places, ordered);
        int without = Array.FindIndex(places, place => place != 0);
        Array.Sort(ordered, 0, without < 0 ? ordered.Length : without);
        return ordered;
    }

    private static long PlaceOf(Epoch epoch, TreeCursor cursor, Pfn page)
    {
        try
        {
            Entry entry = epoch.GetEntry(cursor, page, out _);
            return entry.HasBlock ? entry.Offset : 0;
        }
        catch (CorruptDataException)
        {
            return 0;
        }
    }
}
