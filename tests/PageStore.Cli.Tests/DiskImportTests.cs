namespace PageStore.Cli.Tests;

/// <summary><c>pagestore import --disk</c>: raw images of disks, and block devices; and the way back.</summary>
public sealed class DiskImportTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("4K", 1)]
    [InlineData("4K", 819_200)]
    [InlineData("4096", 819_199)]
    [InlineData("8KiB", 100_000)]
    [InlineData("16k", 819_201)]
    [InlineData("32K", 65_537)]
    [InlineData("64K", 1)]
    [InlineData("64K", 655_360)]
    [InlineData("64K", 700_001)]
    public void A_disk_of_any_length_comes_back_with_pages_of_any_size(string pageSize, int length)
    {
        byte[] first = RawImages.Mixed(201, 1)[..length];
        byte[] second = [.. first];
        second[length / 2] ^= 1;
        second[^1] ^= 2;
        ToolRun run = Import(first, "--page-size", pageSize);
        int size = (int)Long(run, "pageSize");
        int pages = (length + size - 1) / size;
        Assert.Equal(["epoch", "length", "pageCount", "pageSize", "pagesRead", "pagesWritten", "pagesZero", "bitmap", "bytesWritten", "root", "seconds"], run.Members);
        Assert.Equal((1, length, pages, pages), (Long(run, "epoch"), Long(run, "length"), Long(run, "pageCount"), Long(run, "pagesWritten")));

        run = Import(second);
        Assert.Equal((2, size), (Long(run, "epoch"), Long(run, "pageSize")));
        Assert.InRange(Long(run, "pagesWritten"), 1, 2);
        Assert.Equal(second, Exported());
        Assert.Equal(first, Exported("@1"));
        Assert.Equal(second, ToolRun.Ok("export", _folder["f"], "-o", "-").Bytes);
        ToolRun.Ok("verify", _folder["f"], "--deep");
        ToolRun.Ok("compact", _folder["f"], "-o", _folder["g"]);
        Assert.Equal(second, ToolRun.Ok("export", _folder["g"], "-o", "-").Bytes);
    }

    [Fact]
    public void Holes_are_not_read()
    {
        string image = _folder["sparse.raw"];
        using (FileStream file = File.Create(image))
        {
            file.SetLength(64 << 20);
            file.Position = 20 << 20;
            file.Write(RawImages.Mixed(1, 2));
        }

        ToolRun run = ToolRun.Ok("import", image, "--disk", "-o", _folder["f"], "--json");
        Assert.Equal((16384, 16383), (Long(run, "pageCount"), Long(run, "pagesZero")));

        // A file system may keep more than the page that was written.
        Assert.InRange(Long(run, "pagesRead"), 1, 1024);
        Assert.Equal(File.ReadAllBytes(image), Exported());
    }

    [Fact]
    public void What_a_disk_begins_with_is_not_taken_for_a_format()
    {
        byte[] image = RawImages.Mixed(4, 3);
        "XenSavedDomv2-\n"u8.CopyTo(image);
        Import(image);
        Assert.Equal(image, Exported());
    }

    [Fact]
    public void A_page_size_is_only_that_of_a_new_file()
    {
        byte[] image = RawImages.Mixed(16, 4);
        ToolRun.Ok("import", _folder.Write("a.raw", image), "-o", _folder["f"], "--page-size", "16K");
        Assert.Contains("pages of 16384", ToolRun.Of("import", _folder["a.raw"], "-o", _folder["f"], "--page-size", "4K").Failed(2).Error, StringComparison.Ordinal);
        Assert.Equal(2, Long(ToolRun.Ok("import", _folder["a.raw"], "-o", _folder["f"], "--page-size", "16K", "--json"), "epoch"));
        foreach (string wrong in (string[])["0", "4097", "2K", "128K", "5000000000", "x"])
        {
            Assert.Contains("--page-size", ToolRun.Of("import", _folder["a.raw"], "-o", _folder["g"], "--page-size", wrong).Failed(2).Error, StringComparison.Ordinal);
        }

        Assert.Equal(["a.raw", "f"], _folder.Files);
    }

    [Fact]
    public void What_does_not_fit_a_file_is_refused()
    {
        string image = _folder.Write("a.raw", RawImages.Mixed(4, 5));
        foreach (string[] options in (string[][])[["--bitmap", "b"], ["--next-bitmap", "b"], ["--verify-bitmap"], ["--timeout", "5"]])
        {
            Assert.Contains("nbd", ToolRun.Of(["import", image, "--disk", "-o", _folder["f"], .. options]).Failed(2).Error, StringComparison.Ordinal);
        }

        ToolRun.Of("import", _folder.Write("empty", []), "--disk", "-o", _folder["f"]).Failed(4);
        ToolRun.Of("import", "/dev/null", "--disk", "-o", _folder["f"]).Failed(4);
        ToolRun.Of("import", "-", "--disk", "-o", _folder["f"]).Failed(2);
        ToolRun.Of("import", _folder["none"], "--disk", "-o", _folder["f"]).Failed(4);
        ToolRun.Of("import", "nbds://host/disk", "-o", _folder["f"]).Failed(3);
        ToolRun.Of("import", "nbd:///disk", "-o", _folder["f"]).Failed(2);
        ToolRun.Of("import", "nbd://localhost/disk", "--verify-bitmap", "-o", _folder["f"]).Failed(2);
        Assert.Equal(["a.raw", "empty"], _folder.Files);
    }

    [Fact]
    public void A_block_device_is_read_and_written()
    {
        byte[] image = RawImages.Mixed(300, 6)[..^512];
        using (LoopDevice source = LoopDevice.Of(_folder.Write("source", image)))
        {
            ToolRun run = ToolRun.Ok("import", source.Path, "--disk", "-o", _folder["f"], "--page-size", "64K", "--json");
            Assert.Equal(image.Length, Long(run, "length"));
        }

        byte[] before = RawImages.Mixed(400, 7);
        using (LoopDevice target = LoopDevice.Of(_folder.Write("target", before)))
        {
            Assert.Contains("device", ToolRun.Of("export", _folder["f"], "-o", target.Path).Failed(4).Error, StringComparison.Ordinal);
            ToolRun.Ok("export", _folder["f"], "-o", target.Path, "--force");
        }

        Assert.Equal([.. image, .. before[image.Length..]], File.ReadAllBytes(_folder["target"]));
        using LoopDevice small = LoopDevice.Of(_folder.Write("small", new byte[image.Length - 512]));
        Assert.Contains("Name a larger one", ToolRun.Of("export", _folder["f"], "-o", small.Path, "--force").Failed(4).Error, StringComparison.Ordinal);
    }

    private static long Long(ToolRun run, string member) => run.Json.GetProperty(member).GetInt64();

    private ToolRun Import(byte[] image, params string[] more) =>
        ToolRun.Ok(["import", _folder.Write("image.raw", image), "--disk", "-o", _folder["f"], "--json", .. more]);

    private byte[] Exported(string epoch = "")
    {
        ToolRun.Ok("export", _folder["f"] + epoch, "-o", _folder["out.raw"], "--force");
        return File.ReadAllBytes(_folder["out.raw"]);
    }
}
