namespace PageStore.Checkpoint;

/// <summary>What an epoch says of one page without its content.</summary>
/// <param name="Class">The kind of content.</param>
/// <param name="Type">What the hypervisor said of it; <see cref="GuestPageType.Absent"/> for a hole.</param>
/// <param name="StoredBytes">How many bytes the content takes in the file; 0 where it needs no block.</param>
public readonly record struct PageInfo(PageClass Class, GuestPageType Type, int StoredBytes)
{
    internal static PageInfo Of(Entry entry, int rawBytes)
    {
        PageClass pageClass = ClassCounts.ClassOf(entry.Kind);
        GuestPageType type = pageClass == PageClass.Absent && entry.Type == GuestPageType.Normal ? GuestPageType.Absent : entry.Type;
        int stored = pageClass != PageClass.Data ? 0 : entry.Form == EntryKind.Raw ? rawBytes : entry.StoredBytes;
        return new PageInfo(pageClass, type, stored);
    }
}
