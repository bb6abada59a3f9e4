using System.IO.Pipelines;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>What reading costs does not grow with what is read.</summary>
public class BoundedMemoryTests
{
    private const int Batch = 1024;

    /// <summary>All buffers of a reader and of the pipe: 1 MiB of pages, the numbers of a batch, and the pipe's segments.</summary>
    private const long Buffers = 4 << 20;

    /// <summary>What one record may cost. A Debug build allocates the state of each asynchronous call, a Release build only of one that waits.</summary>
#if DEBUG
    private const long PerRecord = 4096;
#else
    private const long PerRecord = 0;
#endif

    [Fact]
    public void Two_GiB_of_pages_allocate_nothing_per_page()
    {
        (ulong, byte[]?)[] pages = [.. Enumerable.Range(0, Batch).Select(i => ((ulong)i, (byte[]?)XenStreamWriter.Page(i)))];
        byte[] record = new XenStreamWriter().Pages(pages).ToArray();
        Measure(record, 512, Batch * 512L);
    }

    [Fact]
    public void Holes_allocate_nothing_per_page()
    {
        (ulong, byte[]?)[] pages = [.. Enumerable.Range(0, Batch).Select(i => (XenStreamWriter.Entry(15, (ulong)i), (byte[]?)null))];
        byte[] record = new XenStreamWriter().Pages(pages).ToArray();
        Measure(record, 20_000, Batch * 20_000L);
    }

    [Fact]
    public void Records_with_one_page_each_allocate_nothing_per_record()
    {
        byte[] record = new XenStreamWriter().Pages((7, XenStreamWriter.Page(7))).ToArray();
        Measure(record, 50_000, 50_000);
    }

    [Fact]
    public void Raw_image_allocates_nothing_per_page()
    {
        using PipeReaderStream source = new(new EndlessStream([], XenStreamWriter.Page(1), 1 << 17, []));
        var sink = new CountingSink();
        long before = GC.GetAllocatedBytesForCurrentThread();
        long pages = Feed.Now(RawImageReader.ReadAsync(source.Reader, sink, cancellationToken: TestContext.Current.CancellationToken));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, Buffers);
        Assert.Equal(1 << 17, pages);
        Assert.Equal(1 << 17, sink.Pages);
    }

    private static void Measure(byte[] record, long repeats, long pages)
    {
        byte[] head = new XenStreamWriter().Xl().Libxl().Record(1).Libxc().Record(0x10).ToArray();
        byte[] tail = new XenStreamWriter().Record(8, new byte[24]).Record(0).Record(0).ToArray();
        using PipeReaderStream source = new(new EndlessStream(head, record, repeats, tail));
        var sink = new CountingSink();
        long before = GC.GetAllocatedBytesForCurrentThread();
        XenStreamSummary summary = Feed.Now(
            XenStreamReader.ReadAsync(source.Reader, sink, cancellationToken: TestContext.Current.CancellationToken));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, Buffers + (repeats * PerRecord));
        Assert.Equal(pages, sink.Pages);
        Assert.Equal(head.Length + (record.Length * repeats) + tail.Length, summary.Bytes);
    }

    /// <summary>A pipe over a stream with segments of 64 KiB, as an importer would open it.</summary>
    private sealed class PipeReaderStream(Stream stream) : IDisposable
    {
        public PipeReader Reader { get; } = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 64 << 10));

        public void Dispose() => Reader.Complete();
    }
}
