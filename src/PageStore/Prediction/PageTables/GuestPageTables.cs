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
        UsedTables = new PageBitmap(pageCount);
        UserPages = new PageBitmap(pageCount);
        KernelCode = new PageBitmap(pageCount);
        KernelCodeEarly = new PageBitmap(pageCount);
        KernelConstants = new PageBitmap(pageCount);
        KernelData = new PageBitmap(pageCount);
        Zero = new PageBitmap(pageCount);
    }

    /// <summary>How many address spaces there are: roots of page tables.</summary>
    public int AddressSpaceCount { get; internal set; }

    /// <summary>Pages that are tables themselves.</summary>
    public PageBitmap Tables { get; }

    /// <summary>Those of them that a processor went through.</summary>
    public PageBitmap UsedTables { get; }

    /// <summary>Pages of programs that were accessed since they were mapped.</summary>
    public PageBitmap UserPages { get; }

    /// <summary>The kernel's own code.</summary>
    public PageBitmap KernelCode { get; }

    /// <summary>The part of it that lies first in its address space.</summary>
    internal PageBitmap KernelCodeEarly { get; }

    /// <summary>What the kernel only reads of its image.</summary>
    public PageBitmap KernelConstants { get; }

    /// <summary>What it writes to of its image, and what lies around the image in memory.</summary>
    public PageBitmap KernelData { get; }

    /// <summary>Pages whose content is zero.</summary>
    public PageBitmap Zero { get; }

    /// <summary>Accessed pages of programs, ascending; one that several map stands there several times.</summary>
    internal SpaceEntry[] Accessed { get; set; } = [];

    /// <summary>Pages that a program may write to and has written to through this mapping, ascending.</summary>
    internal SpaceEntry[] Dirtied { get; set; } = [];

    /// <summary>The tables of the lower halves, ascending.</summary>
    internal SpaceEntry[] SpaceTables { get; set; } = [];

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
                var tables = new TableReader(memory);
                KernelWalk.Run(tables, found, roots[0]);
                new UserWalk(tables, found).Run(roots, cancellation);
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
        UsedTables.Dispose();
        UserPages.Dispose();
        KernelCode.Dispose();
        KernelCodeEarly.Dispose();
        KernelConstants.Dispose();
        KernelData.Dispose();
        Zero.Dispose();
    }
}
