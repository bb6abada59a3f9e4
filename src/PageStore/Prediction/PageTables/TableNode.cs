namespace PageStore;

/// <summary>A page table as it was when it was last read.</summary>
internal sealed class TableNode
{
    /// <summary>The tables that it leads to; of one of the lowest level none.</summary>
    public List<long> Children { get; } = [];

    /// <summary>Of the lowest level: entries that were accessed already when it was last read, and were left so.</summary>
    public ulong[] Seen { get; } = new ulong[AccessedEntries.WordsPerTable];

    /// <summary>Entries that map large pages themselves.</summary>
    public int LargePages { get; set; }

    /// <summary>The walk that last came by.</summary>
    public long Walk { get; set; }

    /// <summary>Whether its bits are cleared.</summary>
    public bool IsCleared { get; set; }
}
