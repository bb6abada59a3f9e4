namespace PageStore.Checkpoint;

/// <summary>What a block of the file holds.</summary>
internal enum BlockKind
{
    /// <summary>A node of the epoch directory, the segment table or the session table, or a session's record: no account holds it exactly.</summary>
    MetaNode,

    /// <summary>A node of a page table or of a byte string.</summary>
    Node,

    /// <summary>An epoch record.</summary>
    Record,

    /// <summary>A page of the guest.</summary>
    Page,

    /// <summary>A chunk of a state section, of the sets W and R, or of the plan of a resume pack.</summary>
    Chunk,

    /// <summary>All blocks of a resume pack that lie in one segment.</summary>
    Extent,
}

/// <summary>One block that a root reaches, as it was met first.</summary>
/// <param name="Offset">Where it is in the file.</param>
/// <param name="StoredBytes">How many bytes it takes there, padding included.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Epoch">The epoch that reached it first; 0 for what belongs to none.</param>
/// <param name="Pfn">The page; the number of the chunk; of a node the first key that it covers.</param>
/// <param name="Entry">The entry that names it.</param>
/// <param name="UnpaddedBytes">How many bytes of a raw block are content; of all others, <paramref name="StoredBytes"/>.</param>
internal readonly record struct ReachableBlock(long Offset, int StoredBytes, BlockKind Kind, EpochId Epoch, Pfn Pfn, Entry Entry, int UnpaddedBytes);
