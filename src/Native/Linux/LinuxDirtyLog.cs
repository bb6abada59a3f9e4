using System.Runtime.InteropServices;

namespace PageStore.Native;

/// <summary>
/// The Linux kernel as the dirty log of memory of this process: userfaultfd write protection (UFFD_FEATURE_WP_ASYNC) and
/// PAGEMAP_SCAN, Linux 6.7. Exact to the page, transparent huge pages included; needs no right. The first write to a page in an
/// interval costs its writer about a microsecond. A write from inside the kernel, as read(2) or KVM make it, counts as well.
/// Throwing a page's content away is not a write: whoever calls madvise(MADV_DONTNEED) or punches holes tells the checkpoint himself.
/// Not thread-safe: one caller at a time, while any number of threads write the memory. Whoever creates it disposes it; the
/// memory stays mapped until then.
/// </summary>
public sealed class LinuxDirtyLog : IDirtyLog
{
    private readonly PageTracker _tracker;

    /// <summary>Makes a log of a whole region: bit n is page n.</summary>
    /// <param name="region">The memory.</param>
    /// <exception cref="ObjectDisposedException">The region is disposed.</exception>
    /// <exception cref="UnsupportedException">The shim cannot be used on this host.</exception>
    public LinuxDirtyLog(MemoryRegion region)
        : this(region.Mapping, 0, region.PageCount)
    {
    }

    /// <summary>Makes a log of a part of a region: bit n is page <paramref name="first"/> + n.</summary>
    /// <param name="region">The memory.</param>
    /// <param name="first">The first page to track.</param>
    /// <param name="pageCount">How many, above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The pages do not lie inside the region.</exception>
    /// <exception cref="ObjectDisposedException">The region is disposed.</exception>
    /// <exception cref="UnsupportedException">The shim cannot be used on this host.</exception>
    public LinuxDirtyLog(MemoryRegion region, Pfn first, long pageCount)
        : this(region.Mapping, first.Value, pageCount)
    {
    }

    /// <summary>
    /// Makes a log of any memory of this process that begins on a page, such as a memory-mapped file's view:
    /// bit n is page <paramref name="firstPage"/> + n of it.
    /// </summary>
    /// <param name="memory">The memory: private, memfd or file mapping.</param>
    /// <param name="firstPage">The first page of the system's page size to track.</param>
    /// <param name="pageCount">How many, above 0.</param>
    /// <exception cref="ArgumentException">The memory does not begin on a page.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The pages do not lie inside the memory.</exception>
    /// <exception cref="ObjectDisposedException">The memory is disposed.</exception>
    /// <exception cref="UnsupportedException">The shim cannot be used on this host.</exception>
    public LinuxDirtyLog(SafeBuffer memory, long firstPage, long pageCount) =>
        _tracker = new PageTracker(memory, firstPage, pageCount, TrackOptions.None);

    /// <inheritdoc/>
    public long PageCount => _tracker.PageCount;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">Tracking is running already.</exception>
    /// <exception cref="ObjectDisposedException">The log is disposed.</exception>
    public void Start() => _tracker.Start();

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The bitmap is too short; nothing was done.</exception>
    /// <exception cref="InvalidOperationException">Tracking is not running.</exception>
    /// <exception cref="ObjectDisposedException">The log or the bitmap is disposed.</exception>
    public void Peek(PageBitmap written) => _tracker.Peek(written);

    /// <inheritdoc/>
    /// <remarks>The kernel reads and protects each page's entry in one step: exact also while the guest runs. Allocates nothing.</remarks>
    /// <exception cref="ArgumentException">The bitmap is too short; nothing was harvested.</exception>
    /// <exception cref="InvalidOperationException">Tracking is not running.</exception>
    /// <exception cref="ObjectDisposedException">The log or the bitmap is disposed.</exception>
    public void Harvest(PageBitmap written) => _tracker.Harvest(written);

    /// <inheritdoc/>
    public void Stop() => _tracker.Stop();

    /// <summary>Stops tracking and lets go of the memory. May be called again.</summary>
    public void Dispose() => _tracker.Dispose();
}
