namespace PageStore.Checkpoint;

/// <summary>What the record of a salvaged epoch says in place of what its builder would say.</summary>
internal sealed class RecordAmendments : IDisposable
{
    /// <summary>The parent that the epoch had, whether or not it is in the new file.</summary>
    public EpochId Parent { get; init; }

    /// <summary>
    /// Epochs that are not in the new file and link this one to others, by ascending id, with the parent of each: they get a dropped entry in
    /// the directory. Whoever drops epochs relies on blocks being shared along such links only.
    /// </summary>
    public IReadOnlyList<(EpochId Id, EpochId Parent)> Links { get; init; } = [];

    /// <summary>What it is good for; decided when all is known that was lost.</summary>
    public EpochConsistency Consistency { get; set; }

    /// <summary>W of the old epoch, or null where it is lost.</summary>
    public PageBitmap? Written { get; set; }

    /// <summary>Whether the epoch that the pages are described against is the parent, so that pages written over it belong to W.</summary>
    public bool BaseIsParent { get; init; }

    /// <summary>The pages of its pack, each once, in their order; null where it has none.</summary>
    public Pfn[]? Plan { get; set; }

    public void Dispose() => Written?.Dispose();
}
