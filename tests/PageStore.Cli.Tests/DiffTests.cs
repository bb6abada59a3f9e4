namespace PageStore.Cli.Tests;

/// <summary><c>pagestore diff</c>.</summary>
public sealed class DiffTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly byte[] _first = RawImages.Mixed(400, 1);

    public DiffTests()
    {
        Import("f", _first);
        Import("f", RawImages.Changed(_first, 4, 5, 100)[..(300 * 4096)]);
        Import("g", _first);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Epochs_of_one_file()
    {
        ToolRun run = ToolRun.Ok("diff", _folder["f"] + "@1", _folder["f"], "--json");
        Assert.Equal("{\"pagesCompared\":300,\"pagesDiffer\":3,\"onlyInFirst\":100,\"onlyInSecond\":0}\n", run.Out);
        ToolRun pages = ToolRun.Ok("diff", _folder["f"] + "@1", _folder["f"] + "@2", "--json", "--pages");
        Assert.Equal(["pagesCompared", "pagesDiffer", "onlyInFirst", "onlyInSecond", "runs"], pages.Members);
        Assert.Equal("[[4,2],[100,1]]", pages.Json.GetProperty("runs").GetRawText());
        Assert.Equal(
            "300 pages compared: 3 differ, 0 are only in the first, 100 only in the second\n0x4 2\n0x64 1\n",
            ToolRun.Ok("diff", _folder["f"] + "@2", _folder["f"] + "@1", "--pages").Out);
    }

    [Fact]
    public void Epochs_of_two_files()
    {
        Assert.Equal("400 pages compared: 0 differ, 0 are only in the first, 0 only in the second\n", ToolRun.Ok("diff", _folder["f"] + "@1", _folder["g"]).Out);
        ToolRun same = ToolRun.Ok("diff", _folder["g"], _folder["f"] + "@1", "--json", "--pages");
        Assert.Equal("[]", same.Json.GetProperty("runs").GetRawText());
        Assert.Equal(3, ToolRun.Ok("diff", _folder["g"], _folder["f"], "--json").Json.GetProperty("pagesDiffer").GetInt64());
    }

    [Fact]
    public void Missing_epochs_and_files_and_damage_have_their_codes()
    {
        ToolRun.Of("diff", _folder["f"] + "@9", _folder["g"]).Failed(2);
        ToolRun.Of("diff", _folder["f"], _folder["none"]).Failed(4);
        Damage.InPage(_folder["g"], _first, 8);
        Assert.Contains("PFN 0x8", ToolRun.Of("diff", _folder["f"] + "@1", _folder["g"]).Failed(3).Error);
    }

    private void Import(string file, byte[] image) => ToolRun.Ok("import", _folder.Write("image", image), "-o", _folder[file]);
}
