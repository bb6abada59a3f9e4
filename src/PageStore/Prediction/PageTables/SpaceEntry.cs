namespace PageStore;

/// <summary>A page in an address space: one that it maps for its program, or one of its own tables.</summary>
/// <param name="Page">The number of the page.</param>
/// <param name="Space">Which address space, counted from 0.</param>
internal readonly record struct SpaceEntry(long Page, int Space);
