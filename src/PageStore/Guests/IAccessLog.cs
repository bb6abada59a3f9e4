namespace PageStore;

/// <summary>A dirty log that also knows which pages were read.</summary>
public interface IAccessLog : IDirtyLog
{
    /// <summary>
    /// As <see cref="IDirtyLog.Harvest"/>, and adds the pages that were accessed and not written to <paramref name="read"/>.
    /// </summary>
    /// <param name="written">Receives W: at least <see cref="IDirtyLog.PageCount"/> bits.</param>
    /// <param name="read">Receives R, which never contains a page of this interval's W: at least <see cref="IDirtyLog.PageCount"/> bits.</param>
    /// <exception cref="StorageException">The host refused, or lost track.</exception>
    void HarvestAccesses(PageBitmap written, PageBitmap read);
}
