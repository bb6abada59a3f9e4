using System.Runtime.InteropServices;

namespace PageStore;

/// <summary>Entries of page tables whose accessed bit is to be cleared, in the form of <see cref="IAccessBits.Clear"/>.</summary>
internal sealed class AccessedEntries
{
    /// <summary>A bit for each entry.</summary>
    public const int WordsPerTable = X86Entry.PerTable / 64;

    private readonly List<Pfn> _tables = [];
    private readonly List<ulong> _words = [];

    public ReadOnlySpan<Pfn> Tables => CollectionsMarshal.AsSpan(_tables);

    public ReadOnlySpan<ulong> Words => CollectionsMarshal.AsSpan(_words);

    public void Clear()
    {
        _tables.Clear();
        _words.Clear();
    }

    /// <summary>Adds a table, unless none of its entries is meant.</summary>
    public void Add(long table, ReadOnlySpan<ulong> entries)
    {
        if (entries.ContainsAnyExcept(0UL))
        {
            _tables.Add(new Pfn(table));
            _words.AddRange(entries);
        }
    }
}
