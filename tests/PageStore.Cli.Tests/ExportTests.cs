namespace PageStore.Cli.Tests;

/// <summary><c>pagestore export</c>.</summary>
public sealed class ExportTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Zeros_are_holes()
    {
        // 64 MiB with data in the first, a middle and the last page but one; the last is zero, and counts for the length.
        byte[] image = new byte[64 << 20];
        int[] pages = [0, 7000, (image.Length / 4096) - 2];
        ToolRun.Ok("import", _folder.Write("a.raw", RawImages.Changed(image, pages)), "-o", _folder["f"]);
        ToolRun run = ToolRun.Ok("export", _folder["f"], "--format", "raw", "-o", _folder["out"], "--json");

        Assert.Equal(["epoch", "length", "dataPages", "seconds"], run.Members);
        Assert.Equal((1, image.Length, 3), (Long(run, "epoch"), Long(run, "length"), Long(run, "dataPages")));
        Assert.Equal(RawImages.Changed(image, pages), File.ReadAllBytes(_folder["out"]));
        Assert.InRange(FileStat.BytesTaken(_folder["out"]), 3 * 4096, 1 << 20);
    }

    [Theory]
    [InlineData("", 2)]
    [InlineData("@1", 1)]
    [InlineData("@2", 2)]
    public void Epoch_goes_to_standard_output(string reference, int expected)
    {
        byte[] first = RawImages.Mixed(500, 1);
        byte[] second = RawImages.Changed(first, 3, 400);
        ImportBoth(first, second);
        ToolRun run = ToolRun.Ok("export", _folder["f"] + reference, "--format", "raw", "-o", "-");
        Assert.Equal(string.Empty, run.Out);
        Assert.Equal(expected == 1 ? first : second, run.Bytes);
    }

    [Fact]
    public void File_whose_name_ends_like_an_epoch_is_a_file()
    {
        byte[] image = RawImages.Mixed(4, 1);
        ToolRun.Ok("import", _folder.Write("a.raw", image), "-o", _folder["f@7"]);
        Assert.Equal(image, ToolRun.Ok("export", _folder["f@7"], "-o", "-").Bytes);
        Assert.Equal(image, ToolRun.Ok("export", _folder["f@7"] + "@1", "-o", "-").Bytes);
    }

    [Fact]
    public void Image_that_exists_stays_unless_forced()
    {
        byte[] image = RawImages.Mixed(4, 2);
        ToolRun.Ok("import", _folder.Write("a.raw", image), "-o", _folder["f"]);
        string target = _folder.Write("out", [1, 2, 3]);
        ToolRun.Of("export", _folder["f"], "-o", target).Failed(4);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(target));
        ToolRun.Ok("export", _folder["f"], "-o", target, "--force");
        Assert.Equal(image, File.ReadAllBytes(target));
        Assert.Equal(["a.raw", "f", "out"], _folder.Files);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Link_is_followed(bool targetExists)
    {
        byte[] image = RawImages.Mixed(4, 3);
        ToolRun.Ok("import", _folder.Write("a.raw", image), "-o", _folder["f"]);
        if (targetExists)
        {
            _folder.Write("target", [1]);
        }

        File.CreateSymbolicLink(_folder["link"], _folder["target"]);
        ToolRun.Ok("export", _folder["f"], "-o", _folder["link"], "--force");
        Assert.Equal(_folder["target"], new FileInfo(_folder["link"]).LinkTarget);
        Assert.Equal(image, File.ReadAllBytes(_folder["target"]));
    }

    [Fact]
    public void Device_is_not_replaced()
    {
        ToolRun.Ok("import", _folder.Write("a.raw", new byte[4096]), "-o", _folder["f"]);
        Assert.Contains("device", ToolRun.Of("export", _folder["f"], "-o", "/dev/null", "--force").Failed(4).Error);
        Assert.Contains("directory", ToolRun.Of("export", _folder["f"], "-o", Path.GetTempPath(), "--force").Failed(4).Error);
    }

    [Fact]
    public void Damaged_page_leaves_no_image()
    {
        byte[] image = RawImages.Mixed(3000, 4);
        ToolRun.Ok("import", _folder.Write("a.raw", image), "-o", _folder["f"]);
        Damage.InPage(_folder["f"], image, 2996);
        ToolRun.Of("export", _folder["f"], "-o", _folder["out"]).Failed(3);
        Assert.Equal(["a.raw", "f"], _folder.Files);

        // One that was there stays as it was.
        _folder.Write("out", [9]);
        Assert.Contains("PFN 0xbb4", ToolRun.Of("export", _folder["f"], "-o", _folder["out"], "--force").Failed(3).Error);
        Assert.Equal([9], File.ReadAllBytes(_folder["out"]));
        Assert.Equal(["a.raw", "f", "out"], _folder.Files);
    }

    [Fact]
    public void Image_is_its_owners_alone()
    {
        ToolRun.Ok("import", _folder.Write("a.raw", new byte[4096]), "-o", _folder["f"]);
        ToolRun.Ok("export", _folder["f"], "-o", _folder["out"]);
        foreach (string name in (string[])["f", "out"])
        {
            Assert.Equal("600", FileStat.Mode(_folder[name]));
        }
    }

    private static long Long(ToolRun run, string member) => run.Json.GetProperty(member).GetInt64();

    private void ImportBoth(byte[] first, byte[] second)
    {
        ToolRun.Ok("import", _folder.Write("a.raw", first), "-o", _folder["f"]);
        ToolRun.Ok("import", _folder.Write("b.raw", second), "-o", _folder["f"]);
    }
}
