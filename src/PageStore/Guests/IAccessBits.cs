namespace PageStore;

/// <summary>
/// The one thing that is changed in a guest from outside: the bits in its page tables by which its processor says that it accessed a page. What it takes to tell
/// from them which pages a running guest read, where its hypervisor does not say. x86-64 only. Not thread-safe: one caller at a time.
/// </summary>
public interface IAccessBits
{
    /// <summary>Whether the guest stands still, so that its tables may be changed: a running one may give the page of a table to something else at any moment.</summary>
    /// <exception cref="StorageException">The host refused, or the guest is gone.</exception>
    bool IsStanding { get; }

    /// <summary>Where the page tables are that the guest's processors use now: the pages that their CR3 name.</summary>
    /// <returns>One for each processor that is in long mode with tables of four levels; none of the others. The same page may be there twice.</returns>
    /// <exception cref="StorageException">The host refused, or the guest is gone.</exception>
    IReadOnlyList<Pfn> ReadRoots();

    /// <summary>Clears bit 5, accessed, in entries of page tables, each by an atomic operation that changes nothing else. Pages that are holes are left out.</summary>
    /// <param name="tables">The pages of the tables.</param>
    /// <param name="entries">For each table eight words: bit n % 64 of word n / 64 says that its entry n is meant.</param>
    /// <returns>How many of the bits were set.</returns>
    /// <exception cref="ArgumentException">There are not eight words for each table, or a table lies outside the guest.</exception>
    /// <exception cref="InvalidOperationException">The guest runs; nothing was changed.</exception>
    /// <exception cref="StorageException">The host refused. Some of the bits may be cleared.</exception>
    long Clear(ReadOnlySpan<Pfn> tables, ReadOnlySpan<ulong> entries);
}
