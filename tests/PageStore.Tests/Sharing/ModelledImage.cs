using Xunit;

namespace PageStore.Tests.Sharing;

/// <summary>An image and its model, to which the same is done.</summary>
internal sealed class ModelledImage : IDisposable
{
    private readonly ImageModel _model;

    public ModelledImage(PageFramePool pool, long pageCount, int pageSize = PageSizes.Default)
        : this(new MemoryImage(pool, pageCount, pageSize), new ImageModel(pageSize, pool.BlockSize))
    {
    }

    private ModelledImage(MemoryImage image, ImageModel model) => (Image, _model) = (image, model);

    public MemoryImage Image { get; }

    public long Blocks => _model.Blocks;

    public byte[] Read(long page) => _model.Read(page);

    public ModelledImage Fork() => new(Image.Fork(), _model.Fork());

    /// <summary>Writes both, or neither if there is no room.</summary>
    /// <returns>Whether there was room.</returns>
    public bool TryWrite(long page, int offset, ReadOnlySpan<byte> source)
    {
        try
        {
            Image.Write(new Pfn(page), offset, source);
        }
        catch (CapacityException)
        {
            return false;
        }

        _model.Write(page, offset, source);
        return true;
    }

    public void Write(long page, int offset, ReadOnlySpan<byte> source) => Assert.True(TryWrite(page, offset, source));

    /// <summary>Compares some pages, and what is owned.</summary>
    public void Check(IEnumerable<long> pages)
    {
        byte[] bytes = new byte[Image.PageSize];
        foreach (long page in pages)
        {
            bytes.AsSpan().Fill(0xEE);
            Image.Read(new Pfn(page), bytes);
            Assert.True(bytes.AsSpan().SequenceEqual(_model.Read(page)), $"page {page} differs");
        }

        Assert.Equal(_model.OwnedBlocks, Image.OwnedBlocks);
        Assert.Equal(_model.OwnedBytes, Image.OwnedBytes);
        using var owned = new PageBitmap(Image.PageCount);
        Image.AddOwnedPages(owned);
        Assert.Equal(_model.OwnedPages, PagesOf(owned));
    }

    public void Dispose() => Image.Dispose();

    private static List<long> PagesOf(PageBitmap bitmap)
    {
        var pages = new List<long>();
        foreach (Pfn page in bitmap.SetBits())
        {
            pages.Add(page.Value);
        }

        return pages;
    }
}
