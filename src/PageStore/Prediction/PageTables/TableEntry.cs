namespace PageStore;

/// <summary>An entry of a last-level page table that maps a page of a user's address space and says that it was accessed.</summary>
/// <param name="Page">The number of the page that is mapped.</param>
/// <param name="Table">Which table the entry stands in, counted from 0.</param>
internal readonly record struct TableEntry(long Page, int Table);
