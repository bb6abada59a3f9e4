namespace PageStore.Checkpoint;

/// <summary>What <see cref="CheckpointRepair"/> brought over and what it could not.</summary>
/// <param name="Epochs">How many epochs the new file has.</param>
/// <param name="PagesCopied">How many pages with content were read, checked and written; pages that epochs share count once.</param>
/// <param name="PagesLost">How many pages of these epochs are lost, those of each epoch for themselves.</param>
/// <param name="Lost">What is lost, at most the first 10 000 parts of it.</param>
/// <param name="LostParts">How many parts are lost, listed or not.</param>
/// <param name="FileBytes">The length of the new file.</param>
public sealed record RepairReport(long Epochs, long PagesCopied, long PagesLost, IReadOnlyList<LostPart> Lost, long LostParts, long FileBytes)
{
    /// <summary>Whether nothing is lost.</summary>
    public bool Complete => LostParts == 0;

    /// <summary>How many packs were written again, and how many could not be: <see cref="RepairOptions.KeepsPacks"/>.</summary>
    internal (long Written, long Left) Packs { get; init; }
}

/// <summary>One thing that was lost.</summary>
/// <param name="Epoch">The epoch; null for what cannot be told by epochs.</param>
/// <param name="Pages">The pages, if it is pages. They are absent in the new file.</param>
/// <param name="Part">What else it is: the name of a state section, the record, the written set; null for pages.</param>
/// <param name="Offset">Where in the damaged file the damage was found, if that is known.</param>
/// <param name="Reason">What is wrong there.</param>
public sealed record LostPart(EpochId? Epoch, PfnRun? Pages, string? Part, long? Offset, string Reason);
