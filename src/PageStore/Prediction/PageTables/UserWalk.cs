namespace PageStore;

/// <summary>
/// Goes through the lower halves of all address spaces, where programs are. Each table is read once for a space and level, so that tables that name each other, by damage or
/// on purpose, end the walk too.
/// </summary>
internal sealed class UserWalk(TableReader tables, GuestPageTables found)
{
    private readonly List<SpaceEntry> _accessed = [];
    private readonly List<SpaceEntry> _dirtied = [];
    private readonly List<SpaceEntry> _tables = [];

    /// <summary>Fills in what was found.</summary>
    public void Run(IReadOnlyList<long> roots, CancellationToken cancellation)
    {
        for (int space = 0; space < roots.Count; space++)
        {
            cancellation.ThrowIfCancellationRequested();
            found.UsedTables.Set(new Pfn(roots[space]));
            found.Tables.Set(new Pfn(roots[space]));
            _tables.Add(new SpaceEntry(roots[space], space));
            HashSet<long> level = [roots[space]];
            for (int height = 4; height > 1; height--)
            {
                level = Descend(level, space, height == 4 ? X86Entry.PerTable / 2 : X86Entry.PerTable);
            }

            foreach (long table in level)
            {
                ReadLeaves(table, space);
            }
        }

        found.Accessed = Sorted(_accessed);
        found.Dirtied = Sorted(_dirtied);
        found.SpaceTables = Sorted(_tables);
    }

    private HashSet<long> Descend(HashSet<long> level, int space, int end)
    {
        HashSet<long> next = [];
        foreach (long table in level)
        {
            foreach ((_, X86Entry entry) in tables.Read(table, 0, end))
            {
                if (!entry.IsLarge && next.Add(entry.Page))
                {
                    _tables.Add(new SpaceEntry(entry.Page, space));
                    found.Tables.Set(new Pfn(entry.Page));
                }

                if (!entry.IsLarge && entry.IsAccessed)
                {
                    found.UsedTables.Set(new Pfn(entry.Page));
                }
            }
        }

        return next;
    }

    private void ReadLeaves(long table, int space)
    {
        foreach ((_, X86Entry entry) in tables.Read(table))
        {
            if (entry.IsAccessed)
            {
                _accessed.Add(new SpaceEntry(entry.Page, space));
                if (entry.IsUser)
                {
                    found.UserPages.Set(new Pfn(entry.Page));
                }
            }

            if (entry.IsWritable && entry.IsDirty)
            {
                _dirtied.Add(new SpaceEntry(entry.Page, space));
            }
        }
    }

    private static SpaceEntry[] Sorted(List<SpaceEntry> entries)
    {
        entries.Sort((a, b) => a.Page.CompareTo(b.Page));
        return [.. entries];
    }
}
