using System.IO.Pipelines;

namespace PageStore.Checkpoint;

/// <summary>Reads a raw memory image: the pages in order from page 0 on, without any header. Holds 256 pages in memory.</summary>
public static class RawImageReader
{
    /// <summary>How many pages are delivered at once, as <see cref="IPageSink.OnPages"/> promises.</summary>
    private const int Batch = 256;

    /// <summary>
    /// Reads the image to the end of <paramref name="reader"/>, which may be a pipe. Every page is delivered as
    /// <see cref="GuestPageType.Normal"/>, pages of zeros included. The caller completes the reader, in every case.
    /// </summary>
    /// <param name="reader">The image, at its beginning. Its own exceptions pass through.</param>
    /// <param name="sink">Takes the pages. What it was given is to be thrown away when this throws.</param>
    /// <param name="pageSize">The page size in bytes, see <see cref="PageSizes"/>.</param>
    /// <param name="maxPageCount">How many pages an image may have, from 1 to 2^40; by default 2^30.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The number of pages.</returns>
    /// <exception cref="CorruptDataException">The image ends within a page.</exception>
    /// <exception cref="UnsupportedException">The image has more pages than <paramref name="maxPageCount"/>.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The page size or the limit is out of its range.</exception>
    /// <exception cref="OperationCanceledException">The token or the reader was canceled.</exception>
    public static ValueTask<long> ReadAsync(
        PipeReader reader,
        IPageSink sink,
        int pageSize = PageSizes.Default,
        long maxPageCount = 1L << 30,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ArgumentNullException.ThrowIfNull(sink);
        PageSizes.ThrowIfInvalid(pageSize);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxPageCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxPageCount, Pfn.MaxValue + 1);
        return ReadAllAsync(new StreamCursor(reader), sink, pageSize, maxPageCount, cancellationToken);
    }

    private static async ValueTask<long> ReadAllAsync(
        StreamCursor cursor, IPageSink sink, int pageSize, long maxPageCount, CancellationToken cancellationToken)
    {
        byte[] pages = GC.AllocateUninitializedArray<byte>(Batch * pageSize);
        var pfns = new Pfn[Batch];
        var types = new GuestPageType[Batch];
        while (true)
        {
            long first = cursor.Position / pageSize;
            int bytes = await cursor.FillToEndAsync(pages, cancellationToken).ConfigureAwait(false);
            int count = CheckBatch(cursor.Position, bytes, pageSize, maxPageCount);
            for (int i = 0; i < count; i++)
            {
                pfns[i] = new Pfn(first + i);
            }

            if (count > 0)
            {
                sink.OnPages(pfns.AsSpan(0, count), types.AsSpan(0, count), pages.AsSpan(0, bytes));
            }

            if (count < Batch)
            {
                return first + count;
            }
        }
    }

    private static int CheckBatch(long position, int bytes, int pageSize, long maxPageCount)
    {
        var place = StreamPlace.Header("the raw image", 0);
        if (position / pageSize > maxPageCount)
        {
            throw place.Unsupported($"it has more than {maxPageCount} pages, which is the limit", "Raise the limit.");
        }

        return bytes % pageSize == 0
            ? bytes / pageSize
            : throw new CorruptDataException(
                $"{place}: it has {position} bytes, which is no multiple of the page size {pageSize}: its last page is cut off "
                + $"after {position % pageSize} bytes. Copy the image again, or name its page size; import that of a disk as one (--disk).")
            {
                Offset = position,
                Pfn = new Pfn(position / pageSize),
            };
    }
}
