namespace PageStore.Native;

/// <summary>The form in which entries of page tables are named to the shim.</summary>
internal static class AccessWords
{
    /// <summary>A bit for each of 512 entries.</summary>
    private const int PerTable = 8;

    /// <summary>Refuses what does not fit together.</summary>
    internal static void Check(ReadOnlySpan<Pfn> tables, ReadOnlySpan<ulong> entries)
    {
        if (entries.Length != (long)tables.Length * PerTable)
        {
            throw new ArgumentException($"{tables.Length} page tables need {PerTable} words each, and there are {entries.Length}; nothing was changed.", nameof(entries));
        }
    }
}
