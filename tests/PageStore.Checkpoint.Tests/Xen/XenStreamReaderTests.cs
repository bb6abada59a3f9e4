using System.IO.Pipelines;
using FsCheck.Xunit;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>The reader against the tests' own writer and parser.</summary>
public class XenStreamReaderTests
{
    [Property(MaxTest = 150, Arbitrary = [typeof(XenStreamSpec)])]
    public void Whole_stream_is_read_as_the_oracle_reads_it(XenStreamSpec spec)
    {
        byte[] bytes = spec.Write();
        var sink = new RecordingSink();
        XenStreamSummary summary = Feed.Read(bytes, sink);
        AssertEqualsOracle(bytes, sink, summary);
        Assert.Equal(spec.Format, summary.Header.Format);
    }

    [Property(MaxTest = 60, Arbitrary = [typeof(XenStreamSpec)])]
    public async Task Stream_in_chunks_of_any_size_is_read_as_the_oracle_reads_it(XenStreamSpec spec, byte size)
    {
        byte[] bytes = spec.Write();
        var sink = new RecordingSink();
        int largest = size < 64 ? 1 + (size / 16) : 1 << (size / 16);
        XenStreamSummary summary = await Feed.InChunksAsync(
            bytes, largest, spec.Seed, r => XenStreamReader.ReadAsync(r, sink, cancellationToken: TestContext.Current.CancellationToken));
        AssertEqualsOracle(bytes, sink, summary);
    }

    [Property(MaxTest = 60, Arbitrary = [typeof(XenStreamSpec)])]
    public void Sections_and_pages_in_their_order_are_the_stream_again(XenStreamSpec spec)
    {
        // Records among the pages move behind them, so this holds for streams without such records only.
        XenStreamSpec tidy = new()
        {
            Format = spec.Format,
            Pv = spec.Pv,
            Version = spec.Version,
            Seed = spec.Seed,
            Verify = false,
            Items = [.. spec.Items.Where(i => i.Batch is not null)],
        };
        byte[] bytes = tidy.Write();
        var sink = new RecordingSink();
        Feed.Read(bytes, sink);

        var sections = sink.Sections.ToDictionary(s => s.Name, s => s.Bytes);
        Assert.Equal(XenSections.BeforePages.Concat(XenSections.AfterPages).Where(sections.ContainsKey), sink.Sections.Select(s => s.Name));
        var again = new XenStreamWriter();
        again.Raw([.. XenSections.BeforePages.SelectMany(n => sections.GetValueOrDefault(n, []))]);
        int next = 0;
        foreach (SpecItem item in tidy.Items)
        {
            again.Pages([.. sink.Entries.Skip(next).Take(item.Batch!.Length).Select(e => (XenStreamWriter.Entry(e.Type, (ulong)e.Pfn), e.Data))]);
            next += item.Batch!.Length;
        }

        again.Raw([.. XenSections.AfterPages.SelectMany(n => sections.GetValueOrDefault(n, []))]);
        Assert.Equal(bytes, again.ToArray());
    }

    [Fact]
    public void Largest_record_is_delivered_in_batches_of_at_most_256_pages()
    {
        var pages = Enumerable.Range(0, 1024)
            .Select(i => (XenStreamWriter.Entry(i % 3 == 0 ? 15u : 0u, (ulong)i), i % 3 == 0 ? null : XenStreamWriter.Page(i))).ToArray();
        byte[] bytes = new XenStreamWriter().Libxc().Record(0x10).Pages(pages).Record(0).ToArray();
        var sink = new RecordingSink();
        XenStreamSummary summary = Feed.Read(bytes, sink);
        AssertEqualsOracle(bytes, sink, summary);
        Assert.Equal(256, sink.LargestBatch);
    }

    [Fact]
    public void Pages_behind_verify_are_checked_and_not_delivered()
    {
        byte[] bytes = new XenStreamWriter().Libxc().Record(0x10).Pages((5, XenStreamWriter.Page(1))).Record(0xD)
            .Pages((5, XenStreamWriter.Page(2)), (6, XenStreamWriter.Page(3))).Record(0).ToArray();
        var sink = new RecordingSink();
        XenStreamSummary summary = Feed.Read(bytes, sink);
        RecordingSink.Entry page = Assert.Single(sink.Entries);
        Assert.Equal(XenStreamWriter.Page(1), page.Data);
        Assert.Equal(2, summary.VerifyEntries);
        Assert.Equal(new byte[8], sink.Sections.Single(s => s.Name == XenSections.LibxcState).Bytes);
    }

    [Fact]
    public void Header_says_what_the_stream_holds()
    {
        byte[] bytes = new XenStreamWriter().Libxc(version: 2, guest: 1).Record(0).ToArray();
        var sink = new RecordingSink();
        XenStreamSummary summary = Feed.Read(bytes, sink);
        Assert.Equal(new XenStreamHeader(ImageFormat.LibxcStream, 2, XenGuestType.Pv, 4, 17), sink.Header);
        Assert.Equal(new XenStreamSummary(sink.Header!, bytes.Length, 1, 0, 0, 0), summary);
    }

    [Fact]
    public void Exception_of_the_sink_reaches_the_caller()
    {
        byte[] bytes = new XenStreamWriter().Libxc().Record(0x10).Pages((5, XenStreamWriter.Page(1))).Record(0).ToArray();
        Assert.Throws<NotSupportedException>(() => Feed.Read(bytes, new RefusingSink()));
    }

    [Fact]
    public async Task Cancellation_ends_the_waiting_for_a_silent_sender()
    {
        var pipe = new Pipe();
        using var source = new CancellationTokenSource();
        ValueTask<XenStreamSummary> reading = XenStreamReader.ReadAsync(pipe.Reader, new CountingSink(), cancellationToken: source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await reading);
    }

    [Fact]
    public async Task Canceled_pending_read_ends_the_reading()
    {
        var pipe = new Pipe();
        ValueTask<XenStreamSummary> reading = XenStreamReader.ReadAsync(
            pipe.Reader, new CountingSink(), cancellationToken: TestContext.Current.CancellationToken);
        pipe.Reader.CancelPendingRead();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await reading);
    }

    [Theory]
    [InlineData(0L, 1 << 20)]
    [InlineData((1L << 40) + 1, 1 << 20)]
    [InlineData(1L, 4095)]
    [InlineData(1L, (256 << 20) + 1)]
    public void Options_out_of_range_are_refused(long maxPageCount, int maxSectionBytes)
    {
        var options = new XenStreamOptions { MaxPageCount = maxPageCount, MaxSectionBytes = maxSectionBytes };
        Assert.Throws<ArgumentOutOfRangeException>(() => Feed.Read([], new CountingSink(), options));
    }

    internal static void AssertEqualsOracle(byte[] bytes, RecordingSink sink, XenStreamSummary summary)
    {
        var oracle = XenOracleParser.Parse(bytes);
        Assert.Equal(oracle.Entries.Count, sink.Entries.Count);
        for (int i = 0; i < sink.Entries.Count; i++)
        {
            XenOracleParser.Entry expected = oracle.Entries[i];
            RecordingSink.Entry actual = sink.Entries[i];
            Assert.Equal((expected.Pfn, expected.Type), (actual.Pfn, actual.Type));
            ReadOnlySpan<byte> data = expected.At < 0 ? default : bytes.AsSpan(expected.At, 4096);
            Assert.True(data.SequenceEqual(actual.Data), $"entry {i} has other bytes");
        }

        Assert.Equal(oracle.Sections.OrderBy(s => s.Key), sink.Sections.ToDictionary(s => s.Name, s => s.Bytes).OrderBy(s => s.Key));
        Assert.Equal(
            (bytes.Length, oracle.Records, oracle.Entries.Count, oracle.Entries.Count(e => e.At >= 0), oracle.VerifyEntries),
            (summary.Bytes, summary.Records, summary.PageEntries, summary.DataPages, summary.VerifyEntries));
        Assert.Equal((oracle.Version, oracle.Guest), ((uint)summary.Header.LibxcVersion, (uint)summary.Header.GuestType));
        Assert.Equal(summary.Header, sink.Header);
    }

    private sealed class RefusingSink : IXenStreamSink
    {
        public void OnHeader(XenStreamHeader header)
        {
        }

        public void OnPages(ReadOnlySpan<Pfn> pfns, ReadOnlySpan<GuestPageType> types, ReadOnlySpan<byte> pages) =>
            throw new NotSupportedException();

        public void OnSection(string name, ReadOnlySpan<byte> bytes)
        {
        }

        public void OnCheckpoint()
        {
        }
    }
}
