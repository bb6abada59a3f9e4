namespace PageStore;

/// <summary>Which pages a guest touched between two epochs. The bitmaps are lent: whoever gets an interval keeps none of them.</summary>
/// <param name="Written">W, the pages written. Its length, and that of R, is the number of pages of the guest; the others may be shorter, as the guest may have grown.</param>
/// <param name="Read">R, the pages accessed and not written; null where the source of the log has no such thing, as Xen's has not.</param>
public sealed record AccessInterval(PageBitmap Written, PageBitmap? Read)
{
    /// <summary>
    /// Pages that a resume loaded ahead and that look read for that alone; null for none. They count as accessed only if they were written: a predictor that learned
    /// from what it loaded would go on loading it.
    /// </summary>
    public PageBitmap? Replayed { get; init; }

    /// <summary>Pages that the guest asked for by a fault behind its resume, whatever the log says; null for none.</summary>
    public PageBitmap? Demanded { get; init; }

    /// <summary>Adds the pages that count as accessed to <paramref name="accessed"/>.</summary>
    /// <param name="accessed">At least as long as the sets of the interval.</param>
    public void AddAccessed(PageBitmap accessed)
    {
        if (Read is not null && Replayed is null)
        {
            accessed.Or(Read);
        }
        else if (Read is not null)
        {
            using PageBitmap read = Read.Copy();
            using var replayed = new PageBitmap(Read.Length);
            replayed.Or(Replayed!);
            read.AndNot(replayed);
            accessed.Or(read);
        }

        accessed.Or(Written);
        if (Demanded is not null)
        {
            accessed.Or(Demanded);
        }
    }
}
