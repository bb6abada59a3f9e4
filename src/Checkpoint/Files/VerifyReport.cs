namespace PageStore.Checkpoint;

/// <summary>What <see cref="CheckpointReader.Verify"/> found.</summary>
/// <param name="Epochs">How many epochs were checked.</param>
/// <param name="PagesChecked">How many stored pages were read and matched their sums.</param>
/// <param name="Damage">What is damaged, in the order in which it was found; each names its epoch, PFN and file offset as far as they apply.</param>
/// <param name="Warnings">Damage in spare copies: nothing is lost, and the next commit or a copy of the file mends it.</param>
public sealed record VerifyReport(long Epochs, long PagesChecked, IReadOnlyList<CorruptDataException> Damage, IReadOnlyList<string> Warnings)
{
    /// <summary>Whether nothing is damaged.</summary>
    public bool Ok => Damage.Count == 0;
}
