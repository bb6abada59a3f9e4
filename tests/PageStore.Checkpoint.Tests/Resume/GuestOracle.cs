namespace PageStore.Checkpoint.Tests;

/// <summary>What each page of an epoch holds, as the one who wrote it knows.</summary>
/// <param name="pages">The content of each page; null for one that is zero or absent.</param>
internal sealed class GuestOracle(byte[]?[] pages)
{
    public const int PageSize = 4096;

    private readonly HashSet<long> _damaged = [];

    public long PageCount => pages.Length;

    /// <summary>Pages that cannot be had.</summary>
    public IReadOnlySet<long> Damaged => _damaged;

    /// <summary>Whether any other page may be lost too: the medium fails now and then.</summary>
    public bool AnyMayBeLost { get; init; }

    /// <summary>The pages with content.</summary>
    public IEnumerable<long> DataPages => Enumerable.Range(0, pages.Length).Where(page => pages[page] is not null).Select(page => (long)page);

    /// <summary>The last page with content.</summary>
    public long LastPage => Array.FindLastIndex(pages, page => page is not null);

    public byte[]? ContentOf(long page) => page < pages.Length ? pages[page] : null;

    /// <summary>The same pages, on a medium that fails now and then.</summary>
    public GuestOracle OnBadMedium() => new(pages) { AnyMayBeLost = true };

    /// <summary>Finds the pages that cannot be read, one by one.</summary>
    public GuestOracle WithDamageOf(Epoch epoch)
    {
        var with = new GuestOracle(pages);
        byte[] content = new byte[PageSize];
        for (long page = 0; page < pages.Length; page++)
        {
            try
            {
                epoch.ReadPage(new Pfn(page), content);
            }
            catch (PageStoreException)
            {
                with._damaged.Add(page);
            }
        }

        return with;
    }
}
