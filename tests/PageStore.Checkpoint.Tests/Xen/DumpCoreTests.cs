using System.Buffers.Binary;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using PageStore.Fuzz;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Files of <c>xl dump-core</c>: pages in any order, and files that lie.</summary>
public sealed class DumpCoreTests
{
    private const ulong Padding = ulong.MaxValue;

    [Property(MaxTest = 50)]
    public Property Any_order_of_pages_gives_the_guest() => Prop.ForAll(
        Gen.Choose(0, 700).ArrayOf().Select(pfns => pfns.Distinct().Append(701).ToArray()).Zip(ArbMap.Default.GeneratorFor<bool>()).ToArbitrary(),
        given =>
        {
            (int[] pfns, bool pv) = given;
            (ulong Pfn, byte[] Page)[] pages = [.. pfns.Select(pfn => ((ulong)pfn, Page(pfn))), (Padding, Page(9))];
            using CheckpointReader reader = Import(DumpCoreParts.Make(pv, pages));
            Epoch epoch = reader.OpenNewest();
            Assert.Equal(EpochConsistency.Unknown, epoch.Info.Consistency);
            Assert.Equal(702, epoch.PageCount);
            byte[] page = new byte[4096];
            for (int pfn = 0; pfn < 702; pfn++)
            {
                epoch.ReadPage(new Pfn(pfn), page);
                Assert.Equal(pfns.Contains(pfn) ? Page(pfn) : new byte[4096], page);
            }
        });

    [Fact]
    public void What_is_no_page_is_kept()
    {
        byte[] dump = DumpCoreParts.Make(pv: true, (1, Page(1)), (0, Page(2)));
        using CheckpointReader reader = Import(dump);
        Epoch epoch = reader.OpenNewest();
        Assert.Equal(
            [DumpCoreSections.Notes, DumpCoreSections.Processors, DumpCoreSections.SharedInfo, DumpCoreSections.P2m],
            epoch.Info.States.Select(state => state.Name));
        byte[] pairs = Read(epoch, DumpCoreSections.P2m);
        Assert.Equal([1UL, 1001UL, 0UL, 1000UL], Enumerable.Range(0, 4).Select(i => BinaryPrimitives.ReadUInt64LittleEndian(pairs.AsSpan(8 * i))));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], Read(epoch, DumpCoreSections.Processors));
    }

    [Fact]
    public void A_dump_over_another_stores_what_differs()
    {
        var file = new MemoryFile();
        using CheckpointWriter writer = Create(file);
        Import(writer, DumpCoreParts.Make(pv: false, (0, Page(1)), (1, Page(2)), (5, Page(3))));
        Import(writer, DumpCoreParts.Make(pv: false, (1, Page(2)), (0, Page(4))));
        Epoch epoch = writer.OpenEpoch(writer.Newest!.Value);
        Assert.Equal(1, epoch.Info.PagesWritten);
        Assert.Equal(2, epoch.PageCount);
    }

    [Fact]
    public async Task A_dump_through_a_pipe_is_refused_by_name()
    {
        var file = new MemoryFile();
        using CheckpointWriter writer = Create(file);
        using var pipe = new PipeStream(DumpCoreParts.Make(pv: false, (0, Page(1))));
        UnsupportedException refused = await Assert.ThrowsAsync<UnsupportedException>(
            () => ImageImporter.ImportIntoAsync(pipe, writer, cancellationToken: TestContext.Current.CancellationToken));
        Assert.Contains("not a pipe", refused.Message, StringComparison.Ordinal);
        Assert.Null(writer.Newest);
    }

    [Fact]
    public async Task A_dump_begins_where_the_stream_stands()
    {
        byte[] dump = DumpCoreParts.Make(pv: false, (2, Page(7)));
        var stream = new MemoryStream([.. new byte[100], .. dump]) { Position = 100 };
        var file = new MemoryFile();
        using CheckpointWriter writer = Create(file);
        await ImageImporter.ImportIntoAsync(stream, writer, cancellationToken: TestContext.Current.CancellationToken);
        byte[] page = new byte[4096];
        writer.OpenEpoch(writer.Newest!.Value).ReadPage(new Pfn(2), page);
        Assert.Equal(Page(7), page);
    }

    [Theory]
    [InlineData(1UL << 30, "limit is 0x40000000 pages")]
    [InlineData((1UL << 52) + 1, "limit is 0x40000000 pages")]
    [InlineData(ulong.MaxValue - 1, "limit is 0x40000000 pages")]
    public void A_page_beyond_the_limit_is_refused(ulong pfn, string says) => Refused<CorruptDataException>(DumpCoreParts.Make(pv: false, (pfn, Page(1))), says);

    [Fact]
    public void Other_cores_and_formats_are_refused_by_name()
    {
        Refused<UnsupportedException>(new DumpCoreParts().ToArray(), "no section .note.Xen");
        Refused<UnsupportedException>(With(new DumpCoreParts { PageCount = 1, PageSize = 16384 }), "16384 bytes");
        Refused<UnsupportedException>(With(new DumpCoreParts { PageCount = 1, Version = 1UL << 32 }), "not version 0");
        Refused<CorruptDataException>(With(new DumpCoreParts { PageCount = 2 }), "tell of 2 pages");
        Refused<CorruptDataException>(With(new DumpCoreParts { PageCount = 0 }), "tell of 0 pages");
        var twice = new DumpCoreParts { PageCount = 1 };
        twice.Add(".note.Xen", twice.Notes());
        Refused<CorruptDataException>(With(twice), "a second section");
    }

    [Fact]
    public void A_core_of_the_export_is_no_dump_of_xl()
    {
        var core = new MemoryStream();
        using (CheckpointReader reader = Import(DumpCoreParts.Make(pv: false, (0, Page(1)))))
        {
            DumpExporter.ToStream(reader.OpenNewest(), core, DumpFormat.ElfCore, cancellationToken: TestContext.Current.CancellationToken);
        }

        Refused<UnsupportedException>(core.ToArray(), "none of xl dump-core");
    }

    /// <summary>Whatever is cut off or changed, there is an error that says so, or a guest; nothing else.</summary>
    [Fact]
    public void Each_truncation_and_each_byte_of_the_headers_is_read_or_refused()
    {
        byte[] dump = DumpCoreParts.Make(pv: true, (0, Page(1)), (1, Page(2)));
        for (int length = 64; length < dump.Length; length += length < 2500 ? 1 : 97)
        {
            Assert.Throws<CorruptDataException>(() => Import(dump[..length]).Dispose());
        }

        int headers = dump.AsSpan().IndexOf(Page(1));
        for (int at = 18; at < headers; at++)
        {
            byte[] changed = [.. dump];
            changed[at] ^= 0xFF;
            Exception? thrown = Record.Exception(() => Import(changed).Dispose());
            Assert.True(thrown is null or PageStoreException, $"byte {at}: {thrown}");
        }
    }

    [Fact]
    public void A_section_that_claims_to_be_huge_costs_no_memory()
    {
        byte[] dump = DumpCoreParts.Make(pv: false, (0, Page(1)));
        // The size of .xen_prstatus, the second section behind the empty one.
        BinaryPrimitives.WriteInt64LittleEndian(dump.AsSpan(64 + (2 * 64) + 32), 1L << 40);
        Refused<CorruptDataException>(dump, "takes 1099511627776 bytes");
    }

    private static byte[] With(DumpCoreParts parts)
    {
        parts.Add(".note.Xen", parts.Notes());
        parts.Add(".xen_prstatus", [1]);
        parts.Add(".xen_pages", Page(1));
        parts.Add(".xen_pfn", new byte[8]);
        return parts.ToArray();
    }

    private static void Refused<T>(byte[] dump, string says)
        where T : PageStoreException => Assert.Contains(says, Assert.Throws<T>(() => Import(dump)).Message, StringComparison.Ordinal);

    private static byte[] Read(Epoch epoch, string section)
    {
        using Stream content = epoch.OpenState(section);
        var bytes = new MemoryStream();
        content.CopyTo(bytes);
        return bytes.ToArray();
    }

    private static byte[] Page(int seed)
    {
        byte[] page = new byte[4096];
        new Random(seed).NextBytes(page);
        return page;
    }

    private static CheckpointWriter Create(MemoryFile file) => CheckpointWriter.Create(new MemoryStorage(file), new CheckpointWriterOptions { SegmentSize = 1 << 16 });

    private static CheckpointReader Import(byte[] dump)
    {
        var file = new MemoryFile();
        using (CheckpointWriter writer = Create(file))
        {
            Import(writer, dump);
        }

        return CheckpointReader.Open(new MemoryStorage(file));
    }

    private static void Import(CheckpointWriter writer, byte[] dump) =>
        ImageImporter.ImportIntoAsync(new MemoryStream(dump), writer, cancellationToken: TestContext.Current.CancellationToken).GetAwaiter().GetResult();

    /// <summary>Yields its bytes, and cannot be sought in.</summary>
    private sealed class PipeStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}
