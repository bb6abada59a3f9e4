using System.Runtime.InteropServices;

namespace PageStore;

/// <summary>
/// The page tables of a guest, kept from walk to walk, so that only those are read again that were written since. A processor that sets an accessed bit writes the table, so a table that was not written has
/// no new ones. Each table is walked once for a level: tables that name each other end the walk too.
/// </summary>
internal sealed class PageTableIndex(IGuestMemory memory)
{
    /// <summary>Root, and three levels below it.</summary>
    private const int Levels = 4;

    /// <summary>
    /// A guest whose memory is all mapped by small pages has a table for 512 of them; one whose memory is mapped 32 times over, by programs that share it, has one for 16. Beyond that the walk ends.
    /// </summary>
    private const int PagesPerTable = 16;

    /// <summary>So that the smallest guests have enough.</summary>
    private const int FewTables = 1024;

    private readonly Dictionary<(long Table, int Level), TableNode> _nodes = [];
    private readonly Stack<(long Table, int Level, bool IsCleared, bool IsLinkNew)> _open = [];
    private readonly byte[] _content = new byte[PageSizes.Default];
    private readonly GuestPageType[] _type = new GuestPageType[1];
    private readonly ulong[] _accessed = new ulong[AccessedEntries.WordsPerTable];
    private long _walk;

    /// <summary>How many tables the last walk came by.</summary>
    public int Count => _nodes.Count;

    /// <summary>How many of them it read.</summary>
    public int ReadCount { get; private set; }

    /// <summary>Mappings of large pages in them.</summary>
    public long LargePages { get; private set; }

    /// <summary>Whether it came by all.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Forgets all tables.</summary>
    public void Clear() => _nodes.Clear();

    /// <summary>Goes through all tables.</summary>
    /// <param name="cleared">Roots whose entries are to be cleared.</param>
    /// <param name="others">Roots whose entries are only read.</param>
    /// <param name="written">Pages written since the last walk.</param>
    /// <param name="read">Receives the pages that were accessed since the last walk. What a space that is new accessed before is not known, and left out.</param>
    /// <param name="clear">Receives the entries to be cleared.</param>
    public void Walk(IEnumerable<long> cleared, IEnumerable<long> others, PageBitmap written, PageBitmap read, AccessedEntries clear)
    {
        (_walk, ReadCount, LargePages, IsComplete) = (_walk + 1, 0, 0, true);
        long left = FewTables + (memory.PageCount / PagesPerTable);
        // What is to be cleared first: a table that both lead to is.
        Walk(cleared, isCleared: true, written, read, clear, ref left);
        Walk(others, isCleared: false, written, read, clear, ref left);
        foreach (((long, int) key, TableNode node) in _nodes)
        {
            if (node.Walk != _walk)
            {
                _nodes.Remove(key);
            }
        }
    }

    private void Walk(IEnumerable<long> roots, bool isCleared, PageBitmap written, PageBitmap read, AccessedEntries clear, ref long left)
    {
        foreach (long root in roots)
        {
            _open.Push((root, Levels, isCleared, false));
            while (_open.TryPop(out (long Table, int Level, bool IsCleared, bool IsLinkNew) next))
            {
                TableNode node = NodeOf(next.Table, next.Level, out bool isKnown);
                if (node.Walk == _walk)
                {
                    continue;
                }

                if (left-- <= 0)
                {
                    IsComplete = false;
                    _open.Clear();
                    return;
                }

                Visit(node, next, isKnown, written, read, clear);
            }
        }
    }

    private TableNode NodeOf(long table, int level, out bool isKnown)
    {
        ref TableNode? node = ref CollectionsMarshal.GetValueRefOrAddDefault(_nodes, (table, level), out isKnown);
        return node ??= new TableNode();
    }

    private void Visit(
        TableNode node, (long Table, int Level, bool IsCleared, bool IsLinkNew) at, bool isKnown, PageBitmap written, PageBitmap read, AccessedEntries clear)
    {
        bool isRead = !isKnown || written.Contains(new Pfn(at.Table)) || (at.IsCleared && !node.IsCleared);
        (node.Walk, node.IsCleared) = (_walk, at.IsCleared);
        if (isRead && at.Level == 1)
        {
            ReadLeaves(node, at.Table, isKnown || at.IsLinkNew, read, clear);
        }
        else if (isRead)
        {
            ReadInner(node, at.Table);
        }

        LargePages += node.LargePages;
        foreach (long child in node.Children)
        {
            // A table that is new below one that is not was linked since the last walk: what it tells is of this interval.
            _open.Push((child, at.Level - 1, at.IsCleared, isKnown || at.IsLinkNew));
        }
    }

    private void ReadInner(TableNode node, long table)
    {
        node.Children.Clear();
        node.LargePages = 0;
        foreach (ulong word in Content(table))
        {
            var entry = new X86Entry(word);
            if (entry.IsPresent && entry.IsLarge)
            {
                node.LargePages++;
            }
            else if (entry.IsPresent && entry.Page < memory.PageCount)
            {
                node.Children.Add(entry.Page);
            }
        }
    }

    private void ReadLeaves(TableNode node, long table, bool isTold, PageBitmap read, AccessedEntries clear)
    {
        ReadOnlySpan<ulong> words = Content(table);
        Array.Clear(_accessed);
        for (int i = 0; i < words.Length; i++)
        {
            var entry = new X86Entry(words[i]);
            if (!entry.IsPresent || !entry.IsAccessed || entry.Page >= memory.PageCount)
            {
                continue;
            }

            ulong bit = 1UL << (i % 64);
            _accessed[i / 64] |= bit;
            if (isTold && (node.Seen[i / 64] & bit) == 0)
            {
                read.Set(new Pfn(entry.Page));
            }
        }

        if (node.IsCleared)
        {
            Array.Clear(node.Seen);
            clear.Add(table, _accessed);
        }
        else
        {
            _accessed.CopyTo(node.Seen, 0);
        }
    }

    /// <summary>The entries of a table; none of a page that is not there.</summary>
    private ReadOnlySpan<ulong> Content(long table)
    {
        ReadCount++;
        memory.CopyPages(new Pfn(table), _content, _type);
        return GuestPageTypes.HasData(_type[0]) ? MemoryMarshal.Cast<byte, ulong>(_content) : [];
    }
}
