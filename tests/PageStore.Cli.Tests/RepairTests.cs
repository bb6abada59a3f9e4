using System.Text.Json;

namespace PageStore.Cli.Tests;

/// <summary><c>pagestore repair</c>.</summary>
public sealed class RepairTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly byte[] _first = RawImages.Mixed(400, 1);

    public RepairTests()
    {
        ToolRun.Ok("import", _folder.Write("a.raw", _first), "-o", _folder["f"], "--label", "one");
        ToolRun.Ok("import", _folder.Write("a.raw", RawImages.Changed(_first, 4)), "-o", _folder["f"]);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Undamaged_file_is_0_and_the_new_one_is_the_owners_alone()
    {
        ToolRun run = ToolRun.Ok("repair", _folder["f"], "-o", _folder["new"]);
        Assert.StartsWith("2 epochs, 201 pages brought over, ", run.Out);
        Assert.EndsWith("; nothing is lost\n", run.Out);
        Assert.Equal("600", FileStat.Mode(_folder["new"]));
        ToolRun.Ok("verify", _folder["new"], "--deep");
        Assert.Equal("400 pages compared: 0 differ, 0 are only in the first, 0 only in the second\n", ToolRun.Ok("diff", _folder["f"] + "@1", _folder["new"] + "@1").Out);
    }

    [Fact]
    public void Lost_page_is_3_and_named_and_the_rest_is_there()
    {
        long offset = Damage.InPage(_folder["f"], _first, 8);
        ToolRun run = ToolRun.Of("repair", _folder["f"], "-o", _folder["new"]).Failed(3);
        Assert.Contains("2 pages", run.Error);
        Assert.Contains($"lost: epoch 1, 1 pages from PFN 0x8 on: offset {offset}: ", run.Out);
        Assert.Contains("lost: epoch 2, 1 pages from PFN 0x8 on: ", run.Out);
        ToolRun.Ok("verify", _folder["new"], "--deep");

        ToolRun json = ToolRun.Of("repair", _folder["f"], "-o", _folder["other"], "--json").Failed(3);
        Assert.Equal(["complete", "epochs", "pagesCopied", "pagesLost", "fileBytes", "lostParts", "lost", "seconds"], json.Members);
        JsonElement[] lost = [.. json.Json.GetProperty("lost").EnumerateArray()];
        Assert.Equal(2, lost.Length);
        Assert.Equal((1, 8, 1, offset), (Long(lost[0], "epoch"), Long(lost[0], "first"), Long(lost[0], "count"), Long(lost[0], "offset")));
        Assert.Equal(new FileInfo(_folder["other"]).Length, Long(json.Json, "fileBytes"));
    }

    [Fact]
    public void Failures_leave_no_file_and_change_none()
    {
        ToolRun.Of("repair", _folder["none"], "-o", _folder["new"]).Failed(4);
        byte[] before = File.ReadAllBytes(_folder["f"]);
        ToolRun.Of("repair", _folder["f"], "-o", _folder["f"]).Failed(4);
        Assert.Equal(before, File.ReadAllBytes(_folder["f"]));
        ToolRun.Of("repair", _folder.Write("text", new byte[200_000]), "-o", _folder["new"]).Failed(3);
        Assert.Equal(["a.raw", "f", "text"], _folder.Files);
    }

    [Fact]
    public void File_without_a_header_needs_its_sizes()
    {
        byte[] bytes = File.ReadAllBytes(_folder["f"]);
        bytes[0] ^= 1;
        bytes[65536] ^= 1;
        string damaged = _folder.Write("damaged", bytes);
        Assert.Contains("page size", ToolRun.Of("repair", damaged, "-o", _folder["new"]).Failed(3).Error);
        ToolRun.Ok("repair", damaged, "-o", _folder["new"], "--page-size", "4KiB", "--segment-size", "4MiB");
        ToolRun.Of("repair", damaged, "-o", _folder["newer"], "--page-size", "much").Failed(2);
        ToolRun.Of("repair", damaged, "-o", _folder["newer"], "--page-size", "100", "--segment-size", "4MiB").Failed(2);
    }

    private static long Long(JsonElement element, string name) => element.GetProperty(name).GetInt64();
}
