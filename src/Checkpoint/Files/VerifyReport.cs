namespace PageStore.Checkpoint;

/// <summary>What <see cref="CheckpointReader.Verify"/> or <see cref="CheckpointReader.VerifyDeep"/> found.</summary>
/// <param name="Epochs">How many epochs were checked.</param>
/// <param name="PagesChecked">How many stored pages were read and matched their sums.</param>
/// <param name="Damage">What is damaged, in the order in which it was found; each names its epoch, PFN and file offset as far as they apply.</param>
/// <param name="Warnings">Damage in spare copies: nothing is lost, and the next commit or a copy of the file mends it.</param>
public sealed record VerifyReport(long Epochs, long PagesChecked, IReadOnlyList<CorruptDataException> Damage, IReadOnlyList<string> Warnings)
{
    /// <summary>Whether nothing is damaged.</summary>
    public bool Ok => Damage.Count == 0;

    /// <summary>What the space of the file is used for; null unless the check was deep.</summary>
    public SpaceReport? Space { get; init; }
}

/// <summary>What the segments of a checkpoint file are used for. Where the file is damaged, what cannot be reached counts as dead.</summary>
/// <param name="LiveBytes">Blocks of epochs: pages, page tables, sets, sections and records.</param>
/// <param name="MetaBytes">Nodes of the epoch directory and of the segment table.</param>
/// <param name="DeadBytes">Bytes that were written and that the current root does not reach.</param>
public sealed record SpaceReport(long LiveBytes, long MetaBytes, long DeadBytes);
