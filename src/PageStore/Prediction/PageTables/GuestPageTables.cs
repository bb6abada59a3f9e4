namespace PageStore;

/// <summary>
/// What a guest's own page tables tell of its pages, read from its memory without help of the guest or its hypervisor: a processor sets a bit in them when it accesses a
/// page, and they are among the pages of every checkpoint. For guests in long mode with four levels whose address spaces share the upper half, as those of
/// Linux do. Immutable; whoever found it disposes it.
/// </summary>
public sealed class GuestPageTables : IDisposable
{
    internal GuestPageTables(long pageCount)
    {
        Tables = new PageBitmap(pageCount);
        KernelCode = new PageBitmap(pageCount);
        UserCode = new PageBitmap(pageCount);
        UserClean = new PageBitmap(pageCount);
        UserDirty = new PageBitmap(pageCount);
        Zero = new PageBitmap(pageCount);
    }

    /// <summary>How many address spaces there are: roots of page tables.</summary>
    public int AddressSpaceCount { get; internal set; }

    /// <summary>Pages that are tables themselves and in use.</summary>
    public PageBitmap Tables { get; }

    /// <summary>Pages of code that the kernel maps in large pages and that were accessed: its own.</summary>
    public PageBitmap KernelCode { get; }

    /// <summary>Accessed pages of code of user programs.</summary>
    public PageBitmap UserCode { get; }

    /// <summary>Accessed data of user programs that none of them wrote to.</summary>
    public PageBitmap UserClean { get; }

    /// <summary>Data of user programs that was written to through their mapping.</summary>
    public PageBitmap UserDirty { get; }

    /// <summary>Pages whose content is zero.</summary>
    public PageBitmap Zero { get; }

    /// <summary>The entries of user programs, ascending by page; a page that several tables map stands there several times.</summary>
    internal TableEntry[] Entries { get; set; } = [];

    /// <summary>How many last-level tables the entries stand in.</summary>
    internal int LeafTableCount { get; set; }

    /// <summary>Looks for page tables in a guest's memory, all of which is read once.</summary>
    /// <param name="memory">Of 4096-byte pages, of a guest that stands still, as an epoch's is.</param>
    /// <param name="cancellation">Ends the search.</param>
    /// <returns>What was found; null where nothing looks like the page tables of a system with several address spaces.</returns>
    /// <exception cref="StorageException">The guest's memory could not be read.</exception>
    /// <exception cref="CorruptDataException">The same, of a checkpoint that is damaged.</exception>
    public static GuestPageTables? Find(IGuestMemory memory, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(memory);
        if (memory.PageSize != PageSizes.Default)
        {
            return null;
        }

        var found = new GuestPageTables(memory.PageCount);
        try
        {
            IReadOnlyList<long> roots = RootSearch.Run(memory, found.Zero, cancellation);
            if (roots.Count > 0)
            {
                found.AddressSpaceCount = roots.Count;
                new TableWalk(memory, found).Run(roots, cancellation);
                return found;
            }
        }
        catch
        {
            found.Dispose();
            throw;
        }

        found.Dispose();
        return null;
    }

    /// <summary>Gives the bitmaps back. May be called again.</summary>
    public void Dispose()
    {
        Tables.Dispose();
        KernelCode.Dispose();
        UserCode.Dispose();
        UserClean.Dispose();
        UserDirty.Dispose();
        Zero.Dispose();
    }
}
