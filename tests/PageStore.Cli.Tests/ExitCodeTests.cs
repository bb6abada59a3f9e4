namespace PageStore.Cli.Tests;

/// <summary>What the tool returns for every class of error, with one clear line each.</summary>
public sealed class ExitCodeTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData]
    [InlineData("bogus")]
    [InlineData("import")]
    [InlineData("import", "a")]
    [InlineData("import", "a", "-o")]
    [InlineData("import", "a", "-o", "b", "--compression", "zip")]
    [InlineData("import", "a", "b", "-o", "c")]
    [InlineData("export", "a", "-o", "b", "--format", "elf")]
    [InlineData("export", "a")]
    [InlineData("inspect")]
    [InlineData("inspect", "a", "--yaml")]
    [InlineData("verify", "a", "b")]
    [InlineData("diff", "a")]
    [InlineData("repair", "a")]
    [InlineData("demo", "--memory", "much")]
    [InlineData("demo", "--memory", "1MiB")]
    [InlineData("demo", "--epochs", "0")]
    [InlineData("demo", "--epochs", "x")]
    [InlineData("demo", "--seconds", "0")]
    public void Wrong_usage_is_2(params string[] args)
    {
        ToolRun run = ToolRun.Of(args).Failed(2);
        Assert.Contains("--help", run.Error);
        Assert.Equal(string.Empty, run.Out);
    }

    [Fact]
    public void Unknown_command_is_named() => Assert.Contains("'bogus'", ToolRun.Of("bogus").Error);

    [Fact]
    public void Missing_epoch_is_2()
    {
        ToolRun.Ok("import", _folder.Write("a.raw", new byte[4096]), "-o", _folder["f"]);
        Assert.Contains("no epoch 9", ToolRun.Of("export", _folder["f"] + "@9", "-o", _folder["out"]).Failed(2).Error);
        ToolRun.Of("export", _folder["f"] + "@0", "-o", _folder["out"]).Failed(2);
        Assert.Equal(["a.raw", "f"], _folder.Files);
    }

    [Fact]
    public void Label_that_is_too_long_is_2_and_leaves_no_file()
    {
        ToolRun.Of("import", _folder.Write("a.raw", new byte[4096]), "-o", _folder["f"], "--label", new string('x', 2000)).Failed(2);
        Assert.Equal(["a.raw"], _folder.Files);
    }

    [Theory]
    [InlineData("inspect")]
    [InlineData("verify")]
    public void Missing_file_is_4(string command) => ToolRun.Of(command, _folder["none"]).Failed(4);

    [Fact]
    public void Missing_files_of_import_and_export_are_4()
    {
        ToolRun.Of("export", _folder["none"], "-o", _folder["out"]).Failed(4);
        ToolRun.Of("import", _folder["none"], "-o", _folder["f"]).Failed(4);
        ToolRun.Of("import", _folder[string.Empty], "-o", _folder["f"]).Failed(4);
        string image = _folder.Write("a.raw", new byte[4096]);
        ToolRun.Of("import", image, "-o", _folder["no/such/folder"]).Failed(4);
        ToolRun.Ok("import", image, "-o", _folder["f"]);
        ToolRun.Of("export", _folder["f"], "-o", _folder["no/such/folder"]).Failed(4);
        Assert.Equal(["a.raw", "f"], _folder.Files);
    }

    [Fact]
    public void File_that_is_no_checkpoint_is_3_and_stays_as_it_was()
    {
        byte[] text = [.. Enumerable.Repeat((byte)'x', 200_000)];
        string file = _folder.Write("text", text);
        ToolRun.Of("inspect", file).Failed(3);
        ToolRun.Of("verify", file).Failed(3);
        ToolRun.Of("export", file, "-o", _folder["out"]).Failed(3);
        ToolRun.Of("import", _folder.Write("a.raw", new byte[4096]), "-o", file).Failed(3);
        Assert.Equal(text, File.ReadAllBytes(file));
        ToolRun.Of("inspect", _folder.Write("empty", [])).Failed(3);
    }

    [Fact]
    public void Truncated_file_is_3()
    {
        byte[] image = RawImages.Mixed(2000, 1);
        ToolRun.Ok("import", _folder.Write("a.raw", image), "-o", _folder["f"]);
        byte[] whole = File.ReadAllBytes(_folder["f"]);
        foreach (int length in (int[])[100, 70_000, 300_000, whole.Length / 2])
        {
            string cut = _folder.Write("cut", whole[..length]);
            ToolRun.Of("verify", cut).Failed(3);
            ToolRun.Of("export", cut, "-o", _folder["out"]).Failed(3);
            Assert.False(File.Exists(_folder["out"]));
        }
    }

    [Theory]
    [InlineData(new byte[] { 0x1F, 0x8B, 8, 0 }, "gzip")]
    [InlineData(new byte[] { 0x7F, (byte)'E', (byte)'L', (byte)'F' }, "ELF")]
    [InlineData(new byte[] { (byte)'E', (byte)'M', (byte)'i', (byte)'L' }, "LiME")]
    public void Image_of_a_kind_that_is_not_imported_is_3_by_name(byte[] magic, string name)
    {
        byte[] image = new byte[8192];
        magic.CopyTo(image, 0);
        Assert.Contains(name, ToolRun.Of("import", _folder.Write("a", image), "-o", _folder["f"]).Failed(3).Error);
        Assert.Equal(["a"], _folder.Files);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("-h")]
    [InlineData("import", "--help")]
    public void Help_is_0_and_calls_the_tool_by_its_name(params string[] args)
    {
        ToolRun run = ToolRun.Ok(args);
        Assert.Contains("  pagestore ", run.Out);
        Assert.DoesNotContain("demo-", run.Out);
    }

    [Fact]
    public void Version_is_that_of_the_assembly() =>
        Assert.StartsWith(typeof(Tool).Assembly.GetName().Version!.ToString(3), ToolRun.Ok("--version").Out);
}
