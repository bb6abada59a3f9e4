namespace PageStore.Checkpoint;

/// <summary>What <see cref="Epoch.CompareWith"/> found. The caller disposes it, which ends <see cref="DifferingPages"/>.</summary>
public sealed class EpochComparison : IDisposable
{
    internal EpochComparison(PageBitmap differingPages) => DifferingPages = differingPages;

    /// <summary>The pages that both epochs have, with different content; as many bits as the larger epoch has pages.</summary>
    public PageBitmap DifferingPages { get; }

    /// <summary>How many pages both epochs have: neither absent nor behind the end.</summary>
    public long PagesCompared { get; internal set; }

    /// <summary>How many of them differ by content.</summary>
    public long PagesDiffer { get; internal set; }

    /// <summary>How many pages only the first epoch has; the second has a hole there, or ends before.</summary>
    public long OnlyInFirst { get; internal set; }

    /// <summary>How many pages only the second epoch has.</summary>
    public long OnlyInSecond { get; internal set; }

    /// <summary>
    /// How many pages have another <see cref="GuestPageType"/>, whether or not their content differs; pages that only one epoch has are left out.
    /// </summary>
    public long TypesDiffer { get; internal set; }

    /// <summary>Whether a guest would find no difference: the same pages with the same content.</summary>
    public bool SameContent => PagesDiffer == 0 && OnlyInFirst == 0 && OnlyInSecond == 0;

    /// <inheritdoc/>
    public void Dispose() => DifferingPages.Dispose();
}
