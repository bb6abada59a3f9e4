namespace PageStore.Checkpoint;

/// <summary>How many pages of an epoch are of each <see cref="PageClass"/>.</summary>
internal record struct ClassCounts(long Absent, long Zero, long Repeated, long Data)
{
    public readonly long Total => Absent + Zero + Repeated + Data;

    public static PageClass ClassOf(EntryKind kind) => kind switch
    {
        EntryKind.Absent => PageClass.Absent,
        EntryKind.Zero => PageClass.Zero,
        EntryKind.Repeated => PageClass.Repeated,
        _ => PageClass.Data,
    };

    public void Add(PageClass pageClass, long pages)
    {
        switch (pageClass)
        {
            case PageClass.Absent:
                Absent += pages;
                break;
            case PageClass.Zero:
                Zero += pages;
                break;
            case PageClass.Repeated:
                Repeated += pages;
                break;
            default:
                Data += pages;
                break;
        }
    }
}
