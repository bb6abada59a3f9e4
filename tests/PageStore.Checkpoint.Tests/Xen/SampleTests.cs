using System.IO.Hashing;
using System.IO.Pipelines;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Files that a real <c>xl save</c> wrote, where there are some.</summary>
public class SampleTests
{
    [Fact]
    public async Task Real_files_are_read_as_the_oracle_reads_them()
    {
        string? folder = Environment.GetEnvironmentVariable("PAGESTORE_SAMPLES");
        string[] files = Directory.Exists(folder) ? Directory.GetFiles(folder, "*.xlsave") : [];
        if (files.Length == 0)
        {
            Assert.Skip("PAGESTORE_SAMPLES names no folder with *.xlsave files, which a run of xl save on a Xen host writes.");
        }

        foreach (string file in files)
        {
            await CompareAsync(file);
        }
    }

    private static async Task CompareAsync(string file)
    {
        var sink = new HashingSink();
        await using FileStream stream = File.OpenRead(file);
        PipeReader reader = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 1 << 20));
        Assert.Equal(ImageFormat.XlSave, await ImageFormats.DetectAsync(reader, TestContext.Current.CancellationToken));
        XenStreamSummary summary = await XenStreamReader.ReadAsync(reader, sink, cancellationToken: TestContext.Current.CancellationToken);
        await reader.CompleteAsync();

        byte[] bytes = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
        var oracle = XenOracleParser.Parse(bytes);
        var expected = new Dictionary<long, (byte Type, ulong Hash)>();
        foreach (XenOracleParser.Entry entry in oracle.Entries)
        {
            expected[entry.Pfn] = (entry.Type, entry.At < 0 ? 0 : XxHash3.HashToUInt64(bytes.AsSpan(entry.At, 4096)));
        }

        Assert.Equal(expected.Count, sink.Pages.Count);
        Assert.DoesNotContain(expected, e => !sink.Pages.TryGetValue(e.Key, out (byte, ulong) page) || page != e.Value);
        Assert.Equal(oracle.Sections.OrderBy(s => s.Key), sink.Sections.OrderBy(s => s.Key));
        Assert.Equal((bytes.Length, oracle.Entries.Count), (summary.Bytes, summary.PageEntries));
    }

    private sealed class HashingSink : IXenStreamSink
    {
        public Dictionary<long, (byte Type, ulong Hash)> Pages { get; } = [];

        public Dictionary<string, byte[]> Sections { get; } = [];

        public void OnHeader(XenStreamHeader header)
        {
        }

        public void OnPages(ReadOnlySpan<Pfn> pfns, ReadOnlySpan<GuestPageType> types, ReadOnlySpan<byte> pages)
        {
            for (int i = 0; i < pfns.Length; i++)
            {
                bool carries = types[i] < GuestPageType.Broken;
                Pages[pfns[i].Value] = ((byte)types[i], carries ? XxHash3.HashToUInt64(pages[..4096]) : 0);
                pages = pages[(carries ? 4096 : 0)..];
            }
        }

        public void OnCheckpoint() => Assert.Fail("no sample has checkpoints");

        public void OnSection(string name, ReadOnlySpan<byte> bytes) => Sections.Add(name, bytes.ToArray());
    }
}
