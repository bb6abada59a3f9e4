namespace PageStore.Checkpoint;

/// <summary>Looks at the pages of an epoch's parent while the epoch is built. For one thread.</summary>
/// <param name="parent">The parent, which stays the caller's.</param>
/// <param name="cache">Keeps nodes of its page table for who changes it; null keeps none.</param>
internal sealed class ParentPages(Epoch parent, NodeCache? cache) : IDisposable
{
    private readonly TreeCursor _cursor = parent.BindCursor(new Pfn(0), cache);
    private readonly byte[] _page = new byte[parent.PageSize];
    private readonly bool _sumsCompare = parent.Nodes.Blocks.SumsCompare;

    public Epoch Epoch => parent;

    public Entry EntryOf(Pfn pfn) => pfn.Value < parent.PageCount ? _cursor.Get(pfn.Value) : Entry.Absent;

    /// <summary>
    /// Whether the parent has the same content: by sum first, where sums compare, then byte for byte, since equal sums are not equal bytes.
    /// </summary>
    /// <param name="pfn">The page.</param>
    /// <param name="page">Its new content.</param>
    /// <param name="type">Its new type.</param>
    /// <param name="entry">The parent's content under the new type; the parent's own entry if the type is the same, too.</param>
    public bool TryMatch(Pfn pfn, ReadOnlySpan<byte> page, GuestPageType type, out Entry entry)
    {
        Entry own = EntryOf(pfn);
        entry = own.WithType(type);
        return own.Kind switch
        {
            EntryKind.Absent => false,
            EntryKind.Zero or EntryKind.Repeated => PageClassifier.Classify(page, out ulong word) != PageClass.Data && word == own.Sum,
            _ => (!_sumsCompare || ContentSum.Of(page) == own.ContentSum) && HasContent(pfn, own, page),
        };
    }

    public void Dispose() => Epoch.ReturnCursor(_cursor);

    private bool HasContent(Pfn pfn, Entry entry, ReadOnlySpan<byte> page)
    {
        try
        {
            parent.ReadContent(pfn, entry, _page);
            return page.SequenceEqual(_page);
        }
        catch (CorruptDataException)
        {
            // The parent's copy is damaged, so the page is stored anew: this epoch then has it.
            return false;
        }
    }
}
