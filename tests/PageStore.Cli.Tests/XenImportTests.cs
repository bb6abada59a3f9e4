using FsCheck.Xunit;
using PageStore.Checkpoint;
using PageStore.Checkpoint.Tests;

namespace PageStore.Cli.Tests;

/// <summary><c>pagestore import</c> of Xen streams, against the tests' own parser.</summary>
public sealed class XenImportTests
{
    [Property(MaxTest = 100, Arbitrary = [typeof(XenStreamSpec)])]
    public void Streams_import_and_export_as_the_oracle_reads_them(XenStreamSpec first, XenStreamSpec second)
    {
        using var folder = new TempFolder();
        XenOracleImage? parent = null;
        foreach (XenStreamSpec spec in (XenStreamSpec[])[first, second])
        {
            byte[] stream = spec.Write();
            XenOracleImage expected = XenOracleImage.Of(stream);
            ToolRun run = ToolRun.Ok("import", folder.Write("image", stream), "-o", folder["f"], "--json");

            Assert.Equal(expected.PageCount, run.Json.GetProperty("pageCount").GetInt64());
            Assert.Equal(expected.CountChangedSince(parent), run.Json.GetProperty("pagesWritten").GetInt64());
            Assert.Equal(expected.CountAbsent(), run.Json.GetProperty("pagesAbsent").GetInt64());
            Assert.Equal(expected.ToRaw(), ToolRun.Ok("export", folder["f"], "--format", "raw", "-o", "-").Bytes);
            AssertSections(expected, folder["f"]);
            parent = expected;
        }

        ToolRun.Ok("verify", folder["f"]);
    }

    [Fact]
    public void Types_come_back()
    {
        var stream = new XenStreamWriter().Xl().Libxl().Record(1).Libxc(guest: 1).Record(2, new byte[8]).Record(0x10).Record(3, new byte[16])
            .Pages((XenStreamWriter.Entry(12, 0), XenStreamWriter.Page(1)), (XenStreamWriter.Entry(13, 1), null), (XenStreamWriter.Entry(15, 3), null))
            .Record(8, new byte[24]).Record(7, new byte[4096]).Record(0).Record(0);
        using var folder = new TempFolder();
        ToolRun.Ok("import", folder.Write("image", stream.ToArray()), "-o", folder["f"]);
        using CheckpointReader reader = CheckpointReader.Open(folder["f"]);
        Epoch epoch = reader.OpenNewest();
        Assert.Equal(
            [GuestPageType.PinnedL4Table, GuestPageType.Broken, GuestPageType.Absent, GuestPageType.Absent],
            Enumerable.Range(0, 4).Select(pfn => epoch.GetPageInfo(new Pfn(pfn)).Type));
        Assert.Equal(EpochConsistency.Restorable, epoch.Info.Consistency);
    }

    [Fact]
    public void Every_truncation_of_a_stream_is_3_and_leaves_no_file()
    {
        byte[] stream = new XenStreamWriter().Xl().Libxl().Record(1).Libxc().Record(0x10)
            .Pages((XenStreamWriter.Entry(0, 5), XenStreamWriter.Page(1))).Record(8, new byte[24]).Record(0).Record(0).ToArray();
        using var folder = new TempFolder();

        // Below eight bytes nothing tells that it was to be a stream; it is a raw image then, and cut off as well.
        for (int length = 1; length < stream.Length; length += length is > 250 and < 4200 ? 131 : 1)
        {
            ToolRun.Of("import", folder.Write("image", stream[..length]), "-o", folder["f"]).Failed(3);
            Assert.Equal(["image"], folder.Files);
        }

        ToolRun.Ok("import", folder.Write("image", stream), "-o", folder["f"]);
    }

    [Fact]
    public void Stream_does_not_go_into_a_file_of_larger_pages()
    {
        using var folder = new TempFolder();
        using (CheckpointWriter.Create(folder["f"], new CheckpointWriterOptions { PageSize = 8192 }))
        {
        }

        byte[] stream = new XenStreamWriter().Libxc().Record(0x10).Record(0).ToArray();
        Assert.Contains("8192", ToolRun.Of("import", folder.Write("image", stream), "-o", folder["f"]).Failed(3).Error);
    }

    private static void AssertSections(XenOracleImage expected, string file)
    {
        using CheckpointReader reader = CheckpointReader.Open(file);
        Epoch epoch = reader.OpenNewest();
        Assert.Equal(expected.Sections.Keys.Order(), epoch.Info.States.Select(state => state.Name).Order());
        foreach ((string name, byte[] content) in expected.Sections)
        {
            using Stream state = epoch.OpenState(name);
            byte[] read = new byte[state.Length];
            state.ReadExactly(read);
            Assert.Equal(content, read);
        }
    }
}
