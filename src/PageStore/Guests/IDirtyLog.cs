namespace PageStore;

/// <summary>
/// A hypervisor's or kernel's record of the pages written since it was last harvested. Every method ORs into the caller's bitmap
/// and clears nothing there: a destructive read whose result is lost would be lost pages.
/// Not thread-safe: one caller at a time.
/// </summary>
public interface IDirtyLog : IDisposable
{
    /// <summary>How many pages are tracked: the length a bitmap needs.</summary>
    long PageCount { get; }

    /// <summary>Starts tracking: every page counts as unwritten from the moment this returns.</summary>
    /// <exception cref="UnsupportedException">The host cannot track this memory.</exception>
    /// <exception cref="StorageException">The host refused.</exception>
    void Start();

    /// <summary>Adds the pages written since the last harvest to <paramref name="written"/>; the log keeps them.</summary>
    /// <param name="written">At least <see cref="PageCount"/> bits.</param>
    /// <exception cref="StorageException">The host refused.</exception>
    void Peek(PageBitmap written);

    /// <summary>
    /// Adds the pages written since the last harvest to <paramref name="written"/>, and starts the next interval: a page is
    /// reported in this interval or in the next, never in neither.
    /// </summary>
    /// <param name="written">At least <see cref="PageCount"/> bits.</param>
    /// <exception cref="StorageException">
    /// The host refused, or lost track; the next epoch must then be a full one.
    /// </exception>
    void Harvest(PageBitmap written);

    /// <summary>Stops tracking. Does nothing when tracking is not running.</summary>
    void Stop();
}
