namespace PageStore;

/// <summary>
/// The memory of a guest that may run while pages of it are missing: whoever touches such a page waits until it is brought. It lies in this process or in
/// another. Not thread-safe, but for <see cref="Wake"/>: one thread waits for what happens and brings pages, so that nothing is brought behind a removal.
/// Whoever makes it disposes it; pages that are missing then may be lost to the guest, see the implementation.
/// </summary>
public interface ILazyMemory : IDisposable
{
    /// <summary>The size of a page in bytes: the unit in which pages are brought.</summary>
    int PageSize { get; }

    /// <summary>How many page frame numbers the memory has, holes included.</summary>
    long PageCount { get; }

    /// <summary>Waits until something happens.</summary>
    /// <param name="timeout">How long at most; 0 only looks, <see cref="Timeout.InfiniteTimeSpan"/> is as long as it takes.</param>
    /// <returns>What there is to look at; nothing after the time, or for no reason.</returns>
    /// <exception cref="StorageException">The host refused.</exception>
    LazyMemorySignals Wait(TimeSpan timeout);

    /// <summary>Ends a wait, or the next one. Thread-safe; does nothing on memory that is disposed.</summary>
    void Wake();

    /// <summary>Takes what happened, oldest first. Does not wait.</summary>
    /// <param name="events">Room for at least one.</param>
    /// <returns>How many were taken.</returns>
    /// <exception cref="UnsupportedException">Memory was moved elsewhere while pages of it were missing, where nobody would bring them: end the guest.</exception>
    /// <exception cref="StorageException">The host refused.</exception>
    int ReadEvents(Span<LazyMemoryEvent> events);

    /// <summary>Brings pages with their content, and lets go on who waits for them. A page that is there already stays as it is.</summary>
    /// <param name="first">The first page. Pages that the memory does not have count as brought.</param>
    /// <param name="pages">Whole pages.</param>
    /// <returns>How many are there now. Fewer than were given: something happened that must be taken by <see cref="ReadEvents"/> first.</returns>
    /// <exception cref="StorageException">The host refused, most often for want of memory.</exception>
    int Fill(Pfn first, ReadOnlySpan<byte> pages);

    /// <summary>As <see cref="Fill"/>, with pages of zeros.</summary>
    /// <param name="first">The first page.</param>
    /// <param name="count">How many, from 1 up.</param>
    /// <returns>How many are there now.</returns>
    /// <exception cref="StorageException">The host refused.</exception>
    long FillZero(Pfn first, long count);

    /// <summary>
    /// Makes a missing page one that cannot be had: the guest, or the part of it that touches the page, ends by an error rather than go on with a wrong page. A page that is there already stays as it is.
    /// </summary>
    /// <param name="page">The page. One that the memory does not have counts as done.</param>
    /// <returns>False if something happened that must be taken by <see cref="ReadEvents"/> first.</returns>
    /// <exception cref="UnsupportedException">The host has no such thing; the page is missing still.</exception>
    /// <exception cref="StorageException">The host refused.</exception>
    bool Poison(Pfn page);

    /// <summary>Tells who waits to run the guest that it may.</summary>
    void SetReady();

    /// <summary>Ends it: what is missing still is zero from now on, nobody waits any more, and the guest needs nobody.</summary>
    /// <exception cref="UnsupportedException">Memory was moved meanwhile, as <see cref="ReadEvents"/> says.</exception>
    /// <exception cref="StorageException">The host refused.</exception>
    void Release();
}
