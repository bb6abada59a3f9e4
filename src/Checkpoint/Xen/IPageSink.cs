namespace PageStore.Checkpoint;

/// <summary>Takes the pages of an image that is being read, in the order in which the image holds them.</summary>
public interface IPageSink
{
    /// <summary>
    /// Takes a batch of pages. The spans are valid until this returns. A page frame number may come again in this batch or in a
    /// later one: the last one holds, also when it says that the page is now <see cref="GuestPageType.Absent"/>.
    /// </summary>
    /// <param name="pfns">The pages, in the order of the image; at most 256.</param>
    /// <param name="types">The type of each; exactly as many, each of them defined.</param>
    /// <param name="pages">
    /// The bytes of those pages for whose type <see cref="GuestPageTypes.HasData"/> holds, in the same order, without gaps.
    /// </param>
    void OnPages(ReadOnlySpan<Pfn> pfns, ReadOnlySpan<GuestPageType> types, ReadOnlySpan<byte> pages);
}
