namespace PageStore;

/// <summary>
/// The memory of a guest, read from outside: a mapping of this process, a domain's foreign mapping, a trace.
/// Implementations say whether they may be called from several threads; those of PageStore may.
/// </summary>
public interface IGuestMemory
{
    /// <summary>The page size in bytes, see <see cref="PageSizes"/>.</summary>
    int PageSize { get; }

    /// <summary>How many page frame numbers the guest has, holes included.</summary>
    long PageCount { get; }

    /// <summary>
    /// Copies <c>types.Length</c> pages from <paramref name="first"/> on. The guest may be running: a page that it writes meanwhile
    /// may be torn, which is harmless while a dirty log runs, because that page is then taken again.
    /// </summary>
    /// <param name="first">The first page.</param>
    /// <param name="destination">
    /// Exactly <c>types.Length * PageSize</c> bytes. The bytes of a page whose type carries no data are unspecified.
    /// </param>
    /// <param name="types">Receives each page's type; <see cref="GuestPageType.Absent"/> for a hole.</param>
    /// <exception cref="ArgumentOutOfRangeException">Pages lie outside the guest, or the spans do not fit each other.</exception>
    /// <exception cref="StorageException">The guest's memory could not be read.</exception>
    void CopyPages(Pfn first, Span<byte> destination, Span<GuestPageType> types);
}
