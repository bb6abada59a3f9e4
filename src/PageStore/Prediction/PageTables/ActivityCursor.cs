namespace PageStore;

/// <summary>The highest activity of the address spaces that a page belongs to; asked in ascending order.</summary>
internal sealed class ActivityCursor(SpaceEntry[] entries, float[] activities)
{
    private int _next;

    public float At(Pfn page)
    {
        float highest = 0;
        for (; _next < entries.Length && entries[_next].Page <= page.Value; _next++)
        {
            highest = entries[_next].Page == page.Value ? Math.Max(highest, activities[entries[_next].Space]) : highest;
        }

        return highest;
    }
}
