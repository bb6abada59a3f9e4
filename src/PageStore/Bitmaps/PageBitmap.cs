namespace PageStore;

/// <summary>A set of pages, one bit a page.</summary>
public sealed class PageBitmap : IDisposable
{
    /// <summary>Makes a bitmap of <paramref name="length"/> bits, all clear.</summary>
    /// <param name="length">The number of pages it covers.</param>
    public PageBitmap(long length) => Length = length;

    /// <summary>The number of pages it covers.</summary>
    public long Length { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
