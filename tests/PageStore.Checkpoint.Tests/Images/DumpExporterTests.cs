using FsCheck.Xunit;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Memory dumps, read back by the words of their formats alone.</summary>
public sealed class DumpExporterTests : IDisposable
{
    private const int PageSize = 4096;

    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".dump");

    public void Dispose() => File.Delete(_path);

    [Property(MaxTest = 100)]
    public void Each_page_that_the_guest_has_is_at_its_address_and_no_other(int seed, bool elf)
    {
        var random = new System.Random(seed);
        SortedDictionary<long, byte[]> guest = [];
        for (int i = random.Next(60); i > 0; i--)
        {
            byte[] page = new byte[PageSize];
            random.NextBytes(page.AsSpan(0, random.Next(3) == 0 ? 0 : PageSize));
            guest[random.Next(random.Next(2) == 0 ? 70 : 5000)] = page;
        }

        using CheckpointReader reader = FileWith(guest, pageCount: 5000 + random.Next(10));
        byte[] dump = Export(reader.OpenNewest(), elf ? DumpFormat.ElfCore : DumpFormat.Lime);
        List<(long Address, byte[] Bytes)> ranges = elf ? ReadElf(dump) : ReadLime(dump);
        Assert.Equal(guest.Keys.Select(pfn => pfn * PageSize), ranges.SelectMany(range => Enumerable.Range(0, range.Bytes.Length / PageSize).Select(i => range.Address + (i * PageSize))));
        Assert.Equal(guest.Values.SelectMany(page => page), ranges.SelectMany(range => range.Bytes));

        // Neighbours are in one range.
        Assert.DoesNotContain(ranges.Zip(ranges.Skip(1)), pair => pair.First.Address + pair.First.Bytes.Length == pair.Second.Address);
    }

    [Fact]
    public void A_guest_with_more_runs_than_an_ELF_header_counts_is_counted_in_its_section()
    {
        const int runs = 70_000;
        using CheckpointReader reader = FileWith(new(Enumerable.Range(0, runs).ToDictionary(i => 2L * i, _ => new byte[PageSize])), 2 * runs);
        ExportReport report = DumpExporter.ToFile(reader.OpenNewest(), _path, DumpFormat.ElfCore, cancellationToken: TestContext.Current.CancellationToken);
        using FileStream file = File.OpenRead(_path);
        byte[] headers = new byte[64 + (runs * 56) + 64];
        file.ReadExactly(headers);
        Assert.Equal((report.Length, 0L), (file.Length, report.DataPages));
        Assert.Equal((0xFFFF, 1), (BitConverter.ToUInt16(headers, 56), BitConverter.ToUInt16(headers, 60)));
        int section = (int)BitConverter.ToInt64(headers, 40);
        Assert.Equal((64 + (runs * 56), runs), (section, BitConverter.ToInt32(headers, section + 44)));
        int last = 64 + ((runs - 1) * 56);
        Assert.Equal((file.Length - PageSize, 2L * (runs - 1) * PageSize), (BitConverter.ToInt64(headers, last + 8), BitConverter.ToInt64(headers, last + 24)));
    }

    [Fact]
    public void Zero_pages_take_no_space_in_a_file()
    {
        using CheckpointReader reader = FileWith(new(Enumerable.Range(0, 20_000).ToDictionary(i => (long)i, _ => new byte[PageSize])), 20_000);
        DumpExporter.ToFile(reader.OpenNewest(), _path, DumpFormat.Lime, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(32 + (20_000L * PageSize), new FileInfo(_path).Length);
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        Assert.Throws<StorageException>(() => DumpExporter.ToFile(reader.OpenNewest(), _path, DumpFormat.Lime, cancellationToken: cancellation));
        Assert.Throws<ArgumentOutOfRangeException>(() => DumpExporter.ToFile(reader.OpenNewest(), _path, (DumpFormat)7, overwrite: true, cancellationToken: cancellation));
    }

    private static CheckpointReader FileWith(SortedDictionary<long, byte[]> guest, long pageCount)
    {
        var file = new MemoryFile();
        using (CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(file), new CheckpointWriterOptions { SegmentSize = 1 << 20 }))
        {
            using EpochBuilder epoch = writer.BeginEpoch(new EpochOptions { PageCount = pageCount });
            foreach ((long pfn, byte[] page) in guest)
            {
                epoch.WritePages(new Pfn(pfn), page);
            }

            epoch.Commit();
        }

        return CheckpointReader.Open(new MemoryStorage(file));
    }

    /// <summary>The file and the stream must be the same.</summary>
    private byte[] Export(Epoch epoch, DumpFormat format)
    {
        ExportReport report = DumpExporter.ToFile(epoch, _path, format, overwrite: true);
        using var stream = new MemoryStream();
        Assert.Equal(report, DumpExporter.ToStream(epoch, stream, format));
        byte[] dump = File.ReadAllBytes(_path);
        Assert.Equal(dump, stream.ToArray());
        Assert.Equal(dump.Length, report.Length);
        return dump;
    }

    private static List<(long Address, byte[] Bytes)> ReadElf(byte[] dump)
    {
        Assert.Equal([0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1], dump[..7]);
        Assert.Equal((4, 62, 64L), (BitConverter.ToUInt16(dump, 16), BitConverter.ToUInt16(dump, 18), BitConverter.ToInt64(dump, 32)));
        List<(long, byte[])> ranges = [];
        for (int i = 0; i < BitConverter.ToUInt16(dump, 56); i++)
        {
            int at = 64 + (i * 56);
            Assert.Equal(1, BitConverter.ToInt32(dump, at));
            int offset = (int)BitConverter.ToInt64(dump, at + 8);
            long address = BitConverter.ToInt64(dump, at + 24);
            int length = (int)BitConverter.ToInt64(dump, at + 32);
            Assert.Equal((address, (long)length, 0), (BitConverter.ToInt64(dump, at + 16), BitConverter.ToInt64(dump, at + 40), offset % PageSize));
            ranges.Add((address, dump[offset..(offset + length)]));
        }

        return ranges;
    }

    private static List<(long Address, byte[] Bytes)> ReadLime(byte[] dump)
    {
        List<(long, byte[])> ranges = [];
        for (int at = 0; at < dump.Length;)
        {
            Assert.Equal((0x4C694D45, 1, 0L), (BitConverter.ToInt32(dump, at), BitConverter.ToInt32(dump, at + 4), BitConverter.ToInt64(dump, at + 24)));
            long first = BitConverter.ToInt64(dump, at + 8);
            int length = (int)(BitConverter.ToInt64(dump, at + 16) + 1 - first);
            ranges.Add((first, dump[(at + 32)..(at + 32 + length)]));
            at += 32 + length;
        }

        return ranges;
    }
}
