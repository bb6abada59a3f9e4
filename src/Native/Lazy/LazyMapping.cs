namespace PageStore.Native;

/// <summary>Where a part of a guest's memory lies in the process that maps it.</summary>
/// <param name="Address">Its first byte there.</param>
/// <param name="First">The page that begins there.</param>
/// <param name="Count">How many pages it has, at least 1.</param>
internal readonly record struct LazyMapping(ulong Address, Pfn First, long Count)
{
    /// <summary>The page behind its last.</summary>
    internal Pfn End => First + Count;

    /// <summary>The address behind its last byte.</summary>
    internal ulong AddressEnd => Address + ((ulong)Count * (ulong)Environment.SystemPageSize);

    /// <summary>Where a page of it lies.</summary>
    internal ulong AddressOf(Pfn page) => Address + ((ulong)(page - First) * (ulong)Environment.SystemPageSize);

    /// <summary>Which page an address of it lies in.</summary>
    internal Pfn PageAt(ulong address) => First + (long)((address - Address) / (ulong)Environment.SystemPageSize);
}
