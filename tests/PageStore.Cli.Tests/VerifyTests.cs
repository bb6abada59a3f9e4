using System.Text.Json;

namespace PageStore.Cli.Tests;

/// <summary><c>pagestore verify</c>.</summary>
public sealed class VerifyTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly byte[] _first = RawImages.Mixed(400, 1);

    public VerifyTests()
    {
        // As they are, so that a test finds a page in the file by its bytes.
        ToolRun.Ok("import", _folder.Write("a.raw", _first), "-o", _folder["f"], "--compression", "none");
        ToolRun.Ok("import", _folder.Write("b.raw", RawImages.Changed(_first, 4, 100)), "-o", _folder["f"], "--compression", "none");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Whole_file_is_ok()
    {
        ToolRun run = ToolRun.Ok("verify", _folder["f"], "--json");
        Assert.Equal(["ok", "epochs", "pagesChecked"], run.Members);
        Assert.True(run.Json.GetProperty("ok").GetBoolean());

        // 200 pages of the first image need a block; of the second, two.
        Assert.Equal((2, 202), (run.Json.GetProperty("epochs").GetInt64(), run.Json.GetProperty("pagesChecked").GetInt64()));
        Assert.Equal("ok: 2 epochs, 202 stored pages checked\n", ToolRun.Ok("verify", _folder["f"]).Out);
    }

    [Fact]
    public void Deep_tells_what_is_live_and_dead()
    {
        ToolRun run = ToolRun.Ok("verify", _folder["f"], "--deep", "--json");
        Assert.Equal(["ok", "epochs", "pagesChecked", "liveBytes", "metaBytes", "deadBytes"], run.Members);
        Assert.InRange(run.Json.GetProperty("liveBytes").GetInt64(), 202 * 4096, 300 * 4096);
        Assert.Matches("^ok: 2 epochs, 202 stored pages checked; .* live, .* dead\n$", ToolRun.Ok("verify", _folder["f"], "--deep").Out);
    }

    [Theory]
    [InlineData(8, 1)]
    [InlineData(398, 1)]
    public void Damaged_page_is_named_with_epoch_and_place(int page, int epoch)
    {
        long offset = Damage.InPage(_folder["f"], _first, page);
        string place = $"epoch {epoch}, PFN 0x{page:x}, offset {offset}";
        ToolRun run = ToolRun.Of("verify", _folder["f"]).Failed(3);
        Assert.Contains(place, run.Error);
        Assert.Equal(string.Empty, run.Out);

        ToolRun json = ToolRun.Of("verify", _folder["f"], "--json").Failed(3);
        Assert.Equal(["ok", "epochs", "pagesChecked", "damage"], json.Members);
        Assert.False(json.Json.GetProperty("ok").GetBoolean());
        JsonElement damage = Assert.Single(json.Json.GetProperty("damage").EnumerateArray());
        Assert.Contains(place, damage.GetString());
    }

    [Fact]
    public void Page_of_a_later_epoch_is_its_own()
    {
        byte[] second = RawImages.Changed(_first, 4, 100);
        long offset = Damage.InPage(_folder["f"], second, 100);
        Assert.Contains($"epoch 2, PFN 0x64, offset {offset}", ToolRun.Of("verify", _folder["f"]).Failed(3).Error);

        // The epoch before it is whole.
        Assert.Equal(_first, ToolRun.Ok("export", _folder["f"] + "@1", "-o", "-").Bytes);
    }

    [Fact]
    public void Several_damages_are_one_line_and_a_count()
    {
        Damage.InPage(_folder["f"], _first, 8);
        Damage.InPage(_folder["f"], _first, 12);
        Damage.InPage(_folder["f"], _first, 16);
        ToolRun run = ToolRun.Of("verify", _folder["f"], "--json").Failed(3);
        Assert.Contains("2 more", run.Error);
        Assert.Equal(3, run.Json.GetProperty("damage").GetArrayLength());
    }

    [Fact]
    public void Damaged_spare_copy_is_a_warning()
    {
        // The header's first copy begins at offset 0; the second one serves.
        byte[] bytes = File.ReadAllBytes(_folder["f"]);
        bytes[20] ^= 1;
        File.WriteAllBytes(_folder["f"], bytes);
        ToolRun run = ToolRun.Of("verify", _folder["f"], "--json");
        Assert.Equal(0, run.Code);
        Assert.Equal(["ok", "epochs", "pagesChecked", "warnings"], run.Members);
        Assert.StartsWith("pagestore: warning: offset 0", run.Error);
    }

    [Fact]
    public void File_that_cannot_be_opened_is_damage_in_json_too()
    {
        ToolRun run = ToolRun.Of("verify", _folder.Write("text", "no checkpoint"u8.ToArray()), "--json").Failed(3);
        Assert.Equal(["ok", "epochs", "pagesChecked", "damage"], run.Members);
        Assert.False(run.Json.GetProperty("ok").GetBoolean());
        Assert.Equal(1, run.Json.GetProperty("damage").GetArrayLength());
    }
}
