using System.Text.Json;
using PageStore.Checkpoint;

namespace PageStore.Cli.Tests;

/// <summary><c>pagestore inspect</c>.</summary>
public sealed class InspectTests : IDisposable
{
    private static readonly string[] EpochMembers =
        ["id", "parent", "time", "label", "pagesWritten", "pagesRead", "pagesZero", "pagesAbsent", "pagesConfigured", "bytes", "consistency", "guestId", "bootInstance"];

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Json_tells_of_every_epoch()
    {
        byte[] image = RawImages.Mixed(400, 1);
        DateTimeOffset before = DateTimeOffset.UtcNow;
        ToolRun.Ok("import", _folder.Write("a.raw", image), "-o", _folder["f"], "--label", "one \"[red]\" é");
        ToolRun second = ToolRun.Ok("import", _folder.Write("b.raw", RawImages.Changed(image, 3)[..(300 * 4096)]), "-o", _folder["f"], "--compression", "none", "--json");
        ToolRun run = ToolRun.Ok("inspect", _folder["f"], "--json");

        Assert.Equal(["formatVersion", "pageSize", "pageCount", "fileBytes", "root", "encrypted", "epochs"], run.Members);
        Assert.Equal((1, 4096, 300), (Long(run.Json, "formatVersion"), Long(run.Json, "pageSize"), Long(run.Json, "pageCount")));
        Assert.Equal(new FileInfo(_folder["f"]).Length, Long(run.Json, "fileBytes"));
        JsonElement[] epochs = [.. run.Json.GetProperty("epochs").EnumerateArray()];
        Assert.Equal(2, epochs.Length);
        Assert.All(epochs, epoch => Assert.Equal(EpochMembers, epoch.EnumerateObject().Select(member => member.Name)));
        AssertNumbers(epochs[0], (1, 400, 100, 0, 300));
        AssertNumbers(epochs[1], (2, 1, 74, 0, 226));
        Assert.Equal(JsonValueKind.Null, epochs[0].GetProperty("parent").ValueKind);
        Assert.Equal(1, Long(epochs[1], "parent"));
        Assert.Equal(("one \"[red]\" é", string.Empty), (epochs[0].GetProperty("label").GetString(), epochs[1].GetProperty("label").GetString()));
        Assert.All(epochs, epoch => Assert.Equal(JsonValueKind.Null, epoch.GetProperty("pagesRead").ValueKind));
        Assert.All(epochs, epoch => Assert.InRange(epoch.GetProperty("time").GetDateTimeOffset(), before.AddMilliseconds(-1), DateTimeOffset.UtcNow));

        // What import counts holds the record and the directory as well.
        Assert.InRange(Long(epochs[1], "bytes"), 4096, Long(second.Json, "bytesWritten"));
    }

    [Fact]
    public void Read_set_is_told_where_it_is_known()
    {
        using (CheckpointWriter writer = CheckpointWriter.Create(_folder["f"]))
        using (EpochBuilder epoch = writer.BeginEpoch(new EpochOptions { PageCount = 100 }))
        using (var read = new PageBitmap(100))
        {
            read.SetRange(new Pfn(10), 5);
            epoch.SetReadSet(read);
            epoch.Commit();
        }

        JsonElement only = ToolRun.Ok("inspect", _folder["f"], "--json").Json.GetProperty("epochs")[0];
        Assert.Equal((5, 100), (Long(only, "pagesRead"), Long(only, "pagesAbsent")));
    }

    [Fact]
    public void File_without_epochs_is_in_order()
    {
        using (CheckpointWriter.Create(_folder["f"]))
        {
        }

        ToolRun run = ToolRun.Ok("inspect", _folder["f"], "--json");
        Assert.Equal((0, 0), (Long(run.Json, "pageCount"), run.Json.GetProperty("epochs").GetArrayLength()));
        ToolRun.Ok("inspect", _folder["f"]);
        ToolRun.Ok("verify", _folder["f"]);
        ToolRun.Of("export", _folder["f"], "-o", _folder["out"]).Failed(2);
    }

    [Fact]
    public void Text_is_plain_and_has_a_row_for_each_epoch()
    {
        string image = _folder.Write("a.raw", RawImages.Mixed(10, 2));
        ToolRun.Ok("import", image, "-o", _folder["f"], "--label", "[bold]first[/]");
        ToolRun.Ok("import", image, "-o", _folder["f"], "--label", "second");
        ToolRun run = ToolRun.Ok("inspect", _folder["f"]);
        Assert.DoesNotContain('\u001b', run.Out);
        string[] lines = run.Out.Split('\n');
        Assert.Contains("2 epochs", lines[0]);
        Assert.Single(lines, line => line.Contains("[bold]first[/]", StringComparison.Ordinal) && line.TrimStart().StartsWith('1'));
        Assert.Single(lines, line => line.Contains("second", StringComparison.Ordinal) && line.TrimStart().StartsWith('2'));
    }

    [Theory]
    [InlineData("4096", 4096L)]
    [InlineData("64k", 65536L)]
    [InlineData("1GiB", 1L << 30)]
    [InlineData("1.5MiB", 3L << 19)]
    [InlineData("512MB", 512L << 20)]
    [InlineData("", null)]
    [InlineData("GiB", null)]
    [InlineData("-1", null)]
    [InlineData("1e3", null)]
    [InlineData("9999999PiB", null)]
    public void Sizes_are_read_as_people_write_them(string text, long? bytes) => Assert.Equal(bytes, ByteSize.TryParse(text));

    private static void AssertNumbers(JsonElement epoch, (long, long, long, long, long) expected) => Assert.Equal(
        expected,
        (Long(epoch, "id"), Long(epoch, "pagesWritten"), Long(epoch, "pagesZero"), Long(epoch, "pagesAbsent"), Long(epoch, "pagesConfigured")));

    private static long Long(JsonElement element, string member) => element.GetProperty(member).GetInt64();
}
