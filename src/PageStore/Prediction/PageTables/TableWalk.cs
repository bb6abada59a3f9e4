using System.Runtime.InteropServices;

namespace PageStore;

/// <summary>
/// Goes from the roots to the pages, level by level. Each table is read once for a level, so that tables that name each other, by damage or on purpose, end the walk too.
/// </summary>
internal sealed class TableWalk(IGuestMemory memory, GuestPageTables found)
{
    /// <summary>Levels of long mode: root, directory pointers, directory, table.</summary>
    private const int Levels = 4;

    private readonly byte[] _content = new byte[PageSizes.Default];
    private readonly GuestPageType[] _type = new GuestPageType[1];
    private readonly List<TableEntry> _entries = [];

    /// <summary>Fills in what was found.</summary>
    public void Run(IReadOnlyList<long> roots, CancellationToken cancellation)
    {
        IEnumerable<long> tables = roots;
        foreach (long root in roots)
        {
            found.Tables.Set(new Pfn(root));
        }

        for (int level = Levels; level > 1; level--)
        {
            using var next = new PageBitmap(memory.PageCount);
            foreach (long table in tables)
            {
                cancellation.ThrowIfCancellationRequested();
                Descend(table, level, next);
            }

            tables = next.ToNumbers();
        }

        foreach (long table in tables)
        {
            cancellation.ThrowIfCancellationRequested();
            ReadLeaves(table);
        }

        _entries.Sort((a, b) => a.Page.CompareTo(b.Page));
        found.Entries = [.. _entries];
        DropOverlaps();
    }

    private void Descend(long table, int level, PageBitmap next)
    {
        foreach (ulong value in Read(table))
        {
            var entry = new X86Entry(value);
            if (!entry.IsPresent || entry.Page >= memory.PageCount)
            {
                continue;
            }

            if (level < Levels && entry.IsLarge)
            {
                AddLarge(entry, level);
                continue;
            }

            next.Set(new Pfn(entry.Page));
            if (entry.IsAccessed)
            {
                found.Tables.Set(new Pfn(entry.Page));
            }
        }
    }

    /// <summary>Large pages hold a kernel's map of all memory, of which access tells nothing, and its code. Those of users are 2 MiB of data that was accessed somewhere.</summary>
    private void AddLarge(X86Entry entry, int level)
    {
        if (level != 2 || !entry.IsAccessed || !entry.IsExecutable || entry.IsUser)
        {
            return;
        }

        long first = entry.Page & -X86Entry.PagesPerLargePage;
        found.KernelCode.SetRange(new Pfn(first), Math.Min(X86Entry.PagesPerLargePage, memory.PageCount - first));
    }

    private void ReadLeaves(long table)
    {
        int before = _entries.Count;
        foreach (ulong value in Read(table))
        {
            var entry = new X86Entry(value);
            if (entry.IsPresent && entry.IsUser && entry.IsAccessed && entry.Page < memory.PageCount)
            {
                _entries.Add(new TableEntry(entry.Page, found.LeafTableCount));
                SetOf(entry).Set(new Pfn(entry.Page));
            }
        }

        found.LeafTableCount += _entries.Count > before ? 1 : 0;
    }

    private PageBitmap SetOf(X86Entry entry) => entry.IsExecutable ? found.UserCode : entry.IsDirty ? found.UserDirty : found.UserClean;

    /// <summary>A page that several programs map is what most is known of: code, or written by one of them.</summary>
    private void DropOverlaps()
    {
        found.UserDirty.AndNot(found.UserCode);
        found.UserClean.AndNot(found.UserCode);
        found.UserClean.AndNot(found.UserDirty);
    }

    private ReadOnlySpan<ulong> Read(long table)
    {
        memory.CopyPages(new Pfn(table), _content, _type);
        return GuestPageTypes.HasData(_type[0]) ? MemoryMarshal.Cast<byte, ulong>(_content) : [];
    }
}
