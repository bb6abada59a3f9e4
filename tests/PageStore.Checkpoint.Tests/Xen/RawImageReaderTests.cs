using FsCheck.Xunit;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Raw images against plain slicing.</summary>
public class RawImageReaderTests
{
    [Property(MaxTest = 40)]
    public async Task Image_is_delivered_page_by_page_in_order(ushort pageCount, byte sizeChoice, byte chunk, int seed)
    {
        int pageSize = 4096 << (sizeChoice % 3);
        byte[] image = new byte[pageSize * (pageCount % 600)];
        new Random(seed).NextBytes(image);
        var sink = new Collector(pageSize);
        long pages = await Feed.InChunksAsync(image, 1 + (chunk * 257), seed, r => RawImageReader.ReadAsync(r, sink, pageSize));
        Assert.Equal(image.Length / pageSize, pages);
        Assert.True(image.AsSpan().SequenceEqual(sink.Bytes.ToArray()));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(4095, 4095)]
    [InlineData((256 * 4096) + 1, 1)]
    [InlineData((300 * 4096) - 8, 4088)]
    public void Partial_last_page_is_told(int length, int rest)
    {
        CorruptDataException e = Assert.Throws<CorruptDataException>(
            () => Feed.ReadRaw(new byte[length], new CountingSink()));
        Assert.Equal(length, e.Offset);
        Assert.Equal(new Pfn(length / 4096), e.Pfn);
        Assert.Contains($"it has {length} bytes", e.Message, StringComparison.Ordinal);
        Assert.Contains($"after {rest} bytes", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(256, true)]
    [InlineData(257, false)]
    [InlineData(1000, false)]
    public void Image_above_the_limit_is_refused(int pages, bool fits)
    {
        var read = () => Feed.ReadRaw(new byte[pages * 4096], new CountingSink(), maxPageCount: 256);
        if (fits)
        {
            Assert.Equal(pages, read());
        }
        else
        {
            Assert.Contains("more than 256 pages", Assert.Throws<UnsupportedException>(() => read()).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(2048, 1L)]
    [InlineData(5000, 1L)]
    [InlineData(4096, 0L)]
    [InlineData(4096, (1L << 40) + 1)]
    public void Arguments_out_of_range_are_refused(int pageSize, long maxPageCount) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Feed.ReadRaw([], new CountingSink(), pageSize, maxPageCount));

    private sealed class Collector(int pageSize) : IPageSink
    {
        private long _next;

        public MemoryStream Bytes { get; } = new();

        public void OnPages(ReadOnlySpan<Pfn> pfns, ReadOnlySpan<GuestPageType> types, ReadOnlySpan<byte> pages)
        {
            Assert.InRange(pfns.Length, 1, 256);
            Assert.Equal(pfns.Length * pageSize, pages.Length);
            Assert.Equal(pfns.Length, types.Length);
            for (int i = 0; i < pfns.Length; i++)
            {
                Assert.Equal(new Pfn(_next++), pfns[i]);
                Assert.Equal(GuestPageType.Normal, types[i]);
            }

            Bytes.Write(pages);
        }
    }
}
