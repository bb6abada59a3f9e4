namespace PageStore.Native;

/// <summary>
/// A <see cref="LinuxDirtyLog"/> of shared memory that also knows which pages were read. Each <see cref="HarvestAccesses"/>
/// empties the mapping's page table, and what is in it at the next one was touched in between: written or read. So each interval
/// costs the guest one minor fault a touched page, about 1.5 microseconds, more than with the dirty log alone.
/// Whatever reads the memory through the guest's mapping counts as the guest; <see cref="MemoryRegion.CopyPages"/> does not.
/// When memory is so short that the kernel pages the guest out, pages read before that may be missing in R; W stays exact.
/// Not thread-safe: one caller at a time, while any number of threads use the memory. Whoever creates it disposes it; the
/// memory stays mapped until then.
/// </summary>
public sealed class LinuxAccessLog : IAccessLog
{
    private readonly PageTracker _tracker;

    /// <summary>Makes a log of a whole region: bit n is page n.</summary>
    /// <param name="region">Shared memory.</param>
    /// <exception cref="UnsupportedException">The memory is private: the kernel tells nothing of its reads. Or the shim cannot be used on this host.</exception>
    /// <exception cref="ObjectDisposedException">The region is disposed.</exception>
    public LinuxAccessLog(MemoryRegion region)
        : this(region, new Pfn(0), region.PageCount)
    {
    }

    /// <summary>Makes a log of a part of a region: bit n is page <paramref name="first"/> + n.</summary>
    /// <param name="region">Shared memory.</param>
    /// <param name="first">The first page to track.</param>
    /// <param name="pageCount">How many, above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The pages do not lie inside the region.</exception>
    /// <exception cref="UnsupportedException">The memory is private: the kernel tells nothing of its reads. Or the shim cannot be used on this host.</exception>
    /// <exception cref="ObjectDisposedException">The region is disposed.</exception>
    public LinuxAccessLog(MemoryRegion region, Pfn first, long pageCount)
    {
        if (!region.IsShared)
        {
            // Dropping the page table of private memory would throw the memory itself away.
            throw new UnsupportedException("The read set of private memory cannot be tracked: create the region with MemoryRegion.CreateShared.");
        }

        _tracker = new PageTracker(region.Mapping, first.Value, pageCount, TrackOptions.Reads);
    }

    /// <inheritdoc/>
    public long PageCount => _tracker.PageCount;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">Tracking is running already.</exception>
    /// <exception cref="ObjectDisposedException">The log is disposed.</exception>
    public void Start() => _tracker.Start();

    /// <inheritdoc cref="LinuxDirtyLog.Peek"/>
    public void Peek(PageBitmap written) => _tracker.Peek(written);

    /// <inheritdoc cref="LinuxDirtyLog.Harvest"/>
    /// <remarks>
    /// Begins a new interval of W and not of R: the next <see cref="HarvestAccesses"/> still reports every page touched since the
    /// last one, as read where it was not written since this call.
    /// </remarks>
    public void Harvest(PageBitmap written) => _tracker.Harvest(written);

    /// <inheritdoc/>
    /// <remarks>
    /// Both sets are exact when the guest stands still. When it runs, W is exact all the same; a page first read between two steps of
    /// this call, some tens of microseconds for each 32 MiB, may be in the R of neither interval. Allocates nothing.
    /// </remarks>
    /// <exception cref="ArgumentException">A bitmap is too short, or both are one; nothing was harvested.</exception>
    /// <exception cref="InvalidOperationException">Tracking is not running.</exception>
    /// <exception cref="ObjectDisposedException">The log or a bitmap is disposed.</exception>
    public void HarvestAccesses(PageBitmap written, PageBitmap read) => _tracker.HarvestAccesses(written, read);

    /// <inheritdoc/>
    public void Stop() => _tracker.Stop();

    /// <summary>Stops tracking and lets go of the memory. May be called again.</summary>
    public void Dispose() => _tracker.Dispose();
}
