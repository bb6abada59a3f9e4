namespace PageStore.Checkpoint.Tests;

/// <summary>One page as the oracle knows it. A page that is not in its epoch's dictionary is a plain hole.</summary>
internal sealed record ModelPage(PageClass Class, GuestPageType Type, byte[] Content);

/// <summary>
/// One epoch as the naive oracle knows it: a dictionary of pages, sets of numbers. It follows the words of the public API and knows
/// nothing of trees, segments or codecs.
/// </summary>
internal sealed class ModelEpoch
{
    public long Id { get; init; }

    public ModelEpoch? Parent { get; init; }

    public long PageCount { get; set; }

    public Dictionary<long, ModelPage> Pages { get; init; } = [];

    public SortedSet<long> Written { get; } = [];

    public SortedSet<long>? Read { get; set; }

    public string? Label { get; init; }

    public List<(string Name, byte[] Content)> Sections { get; } = [];

    /// <summary>The plans of all packs that it had, the last one now; null where one was taken away.</summary>
    public List<Pfn[]?> Packs { get; } = [];

    public static ModelEpoch Begin(long id, ModelEpoch? parent, long? pageCount, string? label) => new()
    {
        Id = id,
        Parent = parent,
        PageCount = pageCount ?? parent?.PageCount ?? 0,
        Pages = parent is null ? [] : new Dictionary<long, ModelPage>(parent.Pages),
        Label = label,
    };

    public long CountOf(PageClass pageClass) => pageClass == PageClass.Absent
        ? PageCount - Pages.Values.LongCount(page => page.Class != PageClass.Absent)
        : Pages.Values.LongCount(page => page.Class == pageClass);

    public ModelPage? PageOf(long pfn) => Pages.GetValueOrDefault(pfn);

    /// <summary>A page is written; its type has data.</summary>
    public void Write(long pfn, byte[] content, GuestPageType type, bool skipUnchanged)
    {
        Extend(pfn);
        var page = new ModelPage(Classify(content), type, content);
        ModelPage? before = Parent?.PageOf(pfn);
        bool unchanged = skipUnchanged && before is not null && before.Class != PageClass.Absent && before.Type == type && before.Content.SequenceEqual(content);
        Put(pfn, page, unchanged);
    }

    /// <summary>A page is no more.</summary>
    public void Remove(long pfn, GuestPageType type)
    {
        Extend(pfn);
        ModelPage? page = type == GuestPageType.Absent ? null : new ModelPage(PageClass.Absent, type, []);
        ModelPage? before = Parent?.PageOf(pfn);
        Put(pfn, page, unchanged: before?.Class is null or PageClass.Absent && before?.Type == page?.Type);
    }

    /// <summary>Nothing lies behind the end of the guest, and what was written was not only read.</summary>
    public void Finish()
    {
        foreach (long pfn in Pages.Keys.Where(pfn => pfn >= PageCount).ToArray())
        {
            Pages.Remove(pfn);
        }

        Written.RemoveWhere(pfn => pfn >= PageCount);
        Read?.RemoveWhere(pfn => pfn >= PageCount || Written.Contains(pfn));
    }

    private static PageClass Classify(byte[] content)
    {
        for (int i = 8; i < content.Length; i++)
        {
            if (content[i] != content[i - 8])
            {
                return PageClass.Data;
            }
        }

        return content.AsSpan(0, 8).ContainsAnyExcept((byte)0) ? PageClass.Repeated : PageClass.Zero;
    }

    private void Put(long pfn, ModelPage? page, bool unchanged)
    {
        Pages.Remove(pfn);
        if (page is not null)
        {
            Pages.Add(pfn, page);
        }

        if (unchanged)
        {
            Written.Remove(pfn);
        }
        else
        {
            Written.Add(pfn);
        }
    }

    private void Extend(long pfn) => PageCount = Math.Max(PageCount, pfn + 1);
}
