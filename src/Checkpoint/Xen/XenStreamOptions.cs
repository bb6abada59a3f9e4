namespace PageStore.Checkpoint;

/// <summary>The limits within which a Xen stream is read. They bound what a hostile stream can cost.</summary>
public sealed record XenStreamOptions
{
    /// <summary>The most that <see cref="MaxSectionBytes"/> may be: 256 MiB, two records of the greatest size that Xen reads.</summary>
    public const int SectionBytesCeiling = 256 << 20;

    /// <summary>
    /// The number of page frame numbers a guest may have, holes included: a stream with a PFN of this value or above is refused.
    /// From 1 to 2^40; by default 2^30, which is 4 TiB.
    /// </summary>
    public long MaxPageCount { get; init; } = 1L << 30;

    /// <summary>
    /// How many bytes of records that are no pages are kept, all sections together. From 4096 to
    /// <see cref="SectionBytesCeiling"/>; by default 64 MiB. They are held in memory until their section is complete.
    /// </summary>
    public int MaxSectionBytes { get; init; } = 64 << 20;

    /// <summary>Throws unless the options are within their ranges.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One of them is not.</exception>
    internal void Validate()
    {
        if (MaxPageCount is < 1 or > Pfn.MaxValue + 1)
        {
            throw new ArgumentOutOfRangeException(nameof(MaxPageCount), MaxPageCount, "A guest has 1 to 2^40 pages.");
        }

        if (MaxSectionBytes is < 4096 or > SectionBytesCeiling)
        {
            throw new ArgumentOutOfRangeException(nameof(MaxSectionBytes), MaxSectionBytes, "Sections take 4096 bytes to 256 MiB.");
        }
    }
}
