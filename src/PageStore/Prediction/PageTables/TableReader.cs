using System.Runtime.InteropServices;

namespace PageStore;

/// <summary>Reads the entries of page tables that lead to pages of the guest.</summary>
internal sealed class TableReader(IGuestMemory memory)
{
    private readonly byte[] _content = new byte[PageSizes.Default];
    private readonly GuestPageType[] _type = new GuestPageType[1];

    /// <summary>The number of pages of the guest.</summary>
    public long PageCount => memory.PageCount;

    /// <summary>The entries of a table that are present and name a page of the guest; none of a page that is not there.</summary>
    /// <param name="table">The page of the table.</param>
    /// <param name="first">From this entry on.</param>
    /// <param name="end">Up to this one, which is left out.</param>
    public (int Index, X86Entry Entry)[] Read(long table, int first = 0, int end = X86Entry.PerTable)
    {
        memory.CopyPages(new Pfn(table), _content, _type);
        if (!GuestPageTypes.HasData(_type[0]))
        {
            return [];
        }

        List<(int, X86Entry)> entries = [];
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(_content);
        for (int i = first; i < end; i++)
        {
            var entry = new X86Entry(words[i]);
            if (entry.IsPresent && entry.Page < memory.PageCount)
            {
                entries.Add((i, entry));
            }
        }

        return [.. entries];
    }
}
