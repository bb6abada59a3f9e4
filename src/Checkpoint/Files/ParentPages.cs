namespace PageStore.Checkpoint;

/// <summary>Looks at the pages of an epoch's parent while the epoch is built. For one thread.</summary>
internal sealed class ParentPages(Epoch parent) : IDisposable
{
    private readonly TreeCursor _cursor = parent.BindCursor();
    private readonly byte[] _page = new byte[parent.PageSize];

    public Epoch Epoch => parent;

    public Entry EntryOf(Pfn pfn) => pfn.Value < parent.PageCount ? _cursor.Get(pfn.Value) : Entry.Absent;

    /// <summary>Whether the parent has the very same page: by sum first, then byte for byte, since equal sums are not equal bytes.</summary>
    public bool TryMatch(Pfn pfn, ReadOnlySpan<byte> page, GuestPageType type, out Entry entry)
    {
        entry = EntryOf(pfn);
        if (entry.Type != type)
        {
            return false;
        }

        switch (entry.Kind)
        {
            case EntryKind.Absent:
                return false;
            case EntryKind.Zero or EntryKind.Repeated:
                return PageClassifier.Classify(page, out ulong word) != PageClass.Data && word == entry.Sum;
            default:
                return ContentSum.Of(page) == entry.ContentSum && HasContent(pfn, entry, page);
        }
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
