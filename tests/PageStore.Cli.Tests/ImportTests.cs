using PageStore.Checkpoint;

namespace PageStore.Cli.Tests;

/// <summary><c>pagestore import</c> of raw images.</summary>
public sealed class ImportTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("none")]
    [InlineData("lz4")]
    [InlineData("lz4hc")]
    [InlineData("auto")]
    public void First_import_holds_the_whole_image(string compression)
    {
        byte[] image = RawImages.Mixed(200, 1);
        ToolRun run = ToolRun.Ok("import", _folder.Write("a.raw", image), "-o", _folder["f"], "--compression", compression, "--json");

        Assert.Equal(["epoch", "pageCount", "pageSize", "pagesWritten", "pagesZero", "pagesAbsent", "bytesWritten", "root", "seconds", "epochs", "cutOff", "recordsDropped"], run.Members);
        Assert.Equal((1, 200, 4096), (Long(run, "epoch"), Long(run, "pageCount"), Long(run, "pageSize")));
        Assert.Equal((200, 50, 0), (Long(run, "pagesWritten"), Long(run, "pagesZero"), Long(run, "pagesAbsent")));

        // 50 random pages and 50 half random ones; the rest needs no block. Packing takes at least a third off the latter.
        Assert.InRange(Long(run, "bytesWritten"), 50 * 4096, compression == "none" ? (100 * 4096) + 65536 : (50 * 4096) + (50 * 2900) + 65536);
        Assert.True(run.Json.GetProperty("seconds").GetDouble() >= 0);
        Assert.Single(run.Out.TrimEnd().Split('\n'));
        Assert.Equal(image, Exported());
    }

    [Fact]
    public void Second_import_writes_only_what_differs()
    {
        byte[] first = RawImages.Mixed(4000, 2);
        byte[] second = RawImages.Changed(first, 0, 7, 8, 3999);
        Import(first);
        ToolRun run = Import(second, "--label", "second");

        Assert.Equal((2, 4), (Long(run, "epoch"), Long(run, "pagesWritten")));
        Assert.InRange(Long(run, "bytesWritten"), 1, (4 * 4096) + 65536);
        Assert.Equal(second, Exported());
        Assert.Equal(first, Exported("@1"));
        using CheckpointReader reader = CheckpointReader.Open(_folder["f"]);
        EpochInfo newest = reader.OpenNewest().Info;
        Assert.Equal((new EpochId(1), "second", EpochConsistency.Unknown), (newest.Parent, newest.Label, newest.Consistency));
    }

    [Fact]
    public void Unless_told_otherwise_each_content_is_stored_once_and_of_a_changed_page_what_differs()
    {
        byte[] first = [.. RawImages.Mixed(200, 4), .. RawImages.Mixed(200, 4)];
        Assert.InRange(Long(Import(first), "bytesWritten"), 50 * 4096, (50 * 4096) + (50 * 2900) + 65536);
        byte[] second = RawImages.Changed(first, 0, 4, 8, 12, 16, 20, 24, 28);
        Assert.InRange(Long(Import(second), "bytesWritten"), 1, 4096);
        Assert.Equal(second, Exported());
        Assert.Equal(first, Exported("@1"));
    }

    [Fact]
    public void Pages_of_a_file_are_packed_more_thoroughly_than_those_of_a_pipe_whose_writer_waits()
    {
        byte[] image = RawImages.Text(64, 4);
        long[] bytes =
        [
            Long(ToolRun.Ok("import", _folder.Write("a.raw", image), "-o", _folder["1"], "--json"), "bytesWritten"),
            Long(ToolRun.WithInput(image, "import", "-", "-o", _folder["2"], "--json"), "bytesWritten"),
            Long(ToolRun.WithInput(image, "import", "-", "-o", _folder["3"], "--json", "--compression", "lz4"), "bytesWritten"),
            Long(ToolRun.WithInput(image, "import", "-", "-o", _folder["4"], "--json", "--compression", "lz4hc"), "bytesWritten"),
        ];
        Assert.Equal((bytes[3], bytes[2]), (bytes[0], bytes[1]));
        Assert.InRange(bytes[0], 1, bytes[1] - 1);
    }

    [Fact]
    public void Same_image_again_writes_no_page()
    {
        byte[] image = RawImages.Mixed(300, 3);
        Import(image);
        ToolRun run = Import(image);
        Assert.Equal((2, 0), (Long(run, "epoch"), Long(run, "pagesWritten")));
        Assert.Equal(image, Exported());
    }

    [Theory]
    [InlineData(300, 120)]
    [InlineData(120, 300)]
    [InlineData(300, 1)]
    public void Page_count_follows_the_image(int before, int after)
    {
        byte[] large = RawImages.Mixed(300, 4);
        Import(large[..(before * 4096)]);
        ToolRun run = Import(large[..(after * 4096)]);
        Assert.Equal(after, Long(run, "pageCount"));
        Assert.Equal(large[..(after * 4096)], Exported());
        Assert.Equal(large[..(before * 4096)], Exported("@1"));
        ToolRun.Ok("verify", _folder["f"]);
    }

    [Fact]
    public void An_empty_image_is_refused_and_the_last_epoch_stays()
    {
        byte[] image = RawImages.Mixed(20, 4);
        Import(image);
        ToolRun run = ToolRun.WithInput([], "import", "-", "-o", _folder["f"]);
        Assert.Equal((3, ""), (run.Code, run.Out));
        Assert.StartsWith("pagestore: The image is empty.", run.Error, StringComparison.Ordinal);
        Assert.Equal(image, Exported());
    }

    [Fact]
    public void Image_comes_from_standard_input()
    {
        byte[] image = RawImages.Mixed(100, 5);
        ToolRun run = ToolRun.WithInput(image, "import", "-", "-o", _folder["f"], "--json");
        Assert.Equal((0, 100), (run.Code, Long(run, "pageCount")));
        Assert.Equal(image, Exported());
    }

    [Fact]
    public void Without_json_there_is_one_line_for_people()
    {
        ToolRun run = ToolRun.Ok("import", _folder.Write("a.raw", RawImages.Mixed(8, 6)), "-o", _folder["f"]);
        Assert.Single(run.Out.TrimEnd().Split('\n'));
        Assert.StartsWith("epoch 1: 8 of 8 pages written", run.Out);
    }

    [Fact]
    public void Failed_import_leaves_no_file()
    {
        string cut = _folder.Write("cut.raw", new byte[10_000]);
        ToolRun.Of("import", cut, "-o", _folder["f"]).Failed(3);
        Assert.Equal(["cut.raw"], _folder.Files);
    }

    [Fact]
    public void Failed_import_leaves_the_last_epoch()
    {
        byte[] image = RawImages.Mixed(100, 7);
        Import(image);
        ToolRun.Of("import", _folder.Write("cut.raw", RawImages.Changed(image, 1, 2, 3)[..^1]), "-o", _folder["f"]).Failed(3);
        Assert.Equal(image, Exported());
        Assert.Equal(1, ToolRun.Ok("verify", _folder["f"], "--json").Json.GetProperty("epochs").GetInt64());

        // And the space of what was abandoned is used again.
        Assert.Equal(3, Long(Import(RawImages.Changed(image, 1, 2, 3)), "pagesWritten"));
        ToolRun.Ok("verify", _folder["f"]);
    }

    [Fact]
    public void Page_size_is_that_of_the_file()
    {
        using (CheckpointWriter.Create(_folder["f"], new CheckpointWriterOptions { PageSize = 16384 }))
        {
        }

        ToolRun run = Import(RawImages.Mixed(40, 8));
        Assert.Equal((10, 16384), (Long(run, "pageCount"), Long(run, "pageSize")));
    }

    private static long Long(ToolRun run, string member) => run.Json.GetProperty(member).GetInt64();

    private ToolRun Import(byte[] image, params string[] more) =>
        ToolRun.Ok(["import", _folder.Write("image.raw", image), "-o", _folder["f"], "--json", .. more]);

    private byte[] Exported(string epoch = "")
    {
        ToolRun.Ok("export", _folder["f"] + epoch, "--format", "raw", "-o", _folder["out.raw"], "--force");
        return File.ReadAllBytes(_folder["out.raw"]);
    }
}
