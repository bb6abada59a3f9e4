using System.IO.Compression;
using System.Text;
using System.Text.Json;
using PageStore.Checkpoint;

namespace PageStore.Cli.Tests;

/// <summary><c>pagestore predict</c>.</summary>
public sealed class PredictTests : IDisposable
{
    private const int Pages = 400;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_trace_gives_figures_of_each_policy(bool compressed)
    {
        ToolRun run = ToolRun.Ok("predict", Trace(20, compressed), "--budget", "1.5", "--horizon", "3", "--json");

        Assert.Equal(["intervals", "horizon", "budget", "policies"], run.Members);
        Assert.Equal((20, 3, 1.5), (run.Json.GetProperty("intervals").GetInt32(), run.Json.GetProperty("horizon").GetInt32(), run.Json.GetProperty("budget").GetDouble()));
        JsonElement[] policies = [.. run.Json.GetProperty("policies").EnumerateArray()];
        Assert.Equal(["written", "vmresume", "union4", "reap", "faasnap", "default"], policies.Select(policy => policy.GetProperty("name").GetString()!));
        Assert.Equal(["name", "recall", "precision", "planPages", "faultsLeft", "firstTouch1000"], policies[0].EnumerateObject().Select(member => member.Name));
        // Pages 0 to 9 are written and 20 to 29 read in each interval: 4 horizons of them are all that is touched.
        Assert.Equal((0.5, 1.0, 10, 10), Figures(policies[0]));
        Assert.Equal((1.0, 1.0, 20, 0), Figures(policies[1]));
        Assert.Equal((1.0, 1.0, 20, 0), Figures(policies[^1]));
    }

    [Fact]
    public void Text_shows_the_policies_that_were_asked_for()
    {
        ToolRun run = ToolRun.Ok("predict", Trace(20, compressed: true), "--policy", "vmresume", "--policy", "default", "--no-reads");

        Assert.Contains("20 intervals", run.Out, StringComparison.Ordinal);
        Assert.Contains("vmresume", run.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("faasnap", run.Out, StringComparison.Ordinal);
    }

    /// <summary>The sets of 20 epochs; the first is the whole guest and no interval.</summary>
    [Theory]
    [InlineData("", 19)]
    [InlineData("@16", 15)]
    public void The_epochs_of_a_file_are_replayed(string epoch, int intervals)
    {
        using (CheckpointWriter writer = CheckpointWriter.Create(_folder["guest.pages"]))
        {
            for (int i = 0; i < 20; i++)
            {
                using EpochBuilder builder = writer.BeginEpoch(new EpochOptions { PageCount = Pages, Parent = writer.Newest });
                builder.WritePages(new Pfn(0), RawImages.Mixed(10, i));
                using var read = new PageBitmap(Pages);
                read.SetRange(new Pfn(20), 10);
                builder.SetReadSet(read);
                builder.Commit();
            }
        }

        ToolRun run = ToolRun.Ok("predict", _folder["guest.pages"] + epoch, "--json");
        Assert.Equal(intervals, run.Json.GetProperty("intervals").GetInt32());
        JsonElement[] policies = [.. run.Json.GetProperty("policies").EnumerateArray()];
        Assert.Equal((1.0, 1.0, 20, 0), Figures(policies[^1]));
        Assert.Equal(JsonValueKind.Null, policies[^1].GetProperty("firstTouch1000").ValueKind);
        ToolRun without = ToolRun.Ok("predict", _folder["guest.pages"] + epoch, "--no-reads", "--budget", "0.5", "--policy", "default", "--json");
        Assert.Equal((0.5, 1.0, 10, 10), Figures(without.Json.GetProperty("policies")[0]));
    }

    [Fact]
    public void What_cannot_be_is_told_with_its_code()
    {
        string trace = Trace(14, compressed: true);
        ToolRun.Of("predict", trace, "--budget", "0").Failed(2);
        ToolRun.Of("predict", trace, "--horizon", "0").Failed(2);
        ToolRun.Of("predict", trace, "--policy", "magic").Failed(2);
        ToolRun.Of("predict", trace, "--image", "memory.raw").Failed(2);
        ToolRun.Of("predict", _folder["none"]).Failed(4);
        ToolRun.Of("predict", trace, "--image", $"3={_folder["none"]}").Failed(4);
        string image = _folder.Write("image", RawImages.Mixed(Pages, 1));
        Assert.Contains("no interval 14", ToolRun.Of("predict", trace, "--image", $"14={image}").Failed(2).Error, StringComparison.Ordinal);
        string small = _folder.Write("small", RawImages.Mixed(Pages - 1, 1));
        Assert.Contains("399 pages", ToolRun.Of("predict", trace, "--image", $"3={small}").Failed(2).Error, StringComparison.Ordinal);
        ToolRun.Ok("predict", trace, "--no-reads", "--image", $"3={image}", "--image", $"4={image}");
        File.AppendAllText(_folder["broken"], Header + "\nnothing\n");
        Assert.Contains("Line 2", ToolRun.Of("predict", _folder["broken"]).Failed(3).Error, StringComparison.Ordinal);
        byte[] cut = File.ReadAllBytes(trace);
        ToolRun.Of("predict", _folder.Write("cut", cut[..(cut.Length / 2)])).Failed(3);
        byte[] flipped = [.. cut];
        flipped[cut.Length / 2] ^= 0xff;
        flipped[^9] ^= 0xff;
        ToolRun.Of("predict", _folder.Write("flipped", flipped)).Failed(3);
        ToolRun.Of("predict", _folder.Write("other", RawImages.Mixed(2, 1))).Failed(3);
        ToolRun.Of("predict", _folder.Write("empty", [])).Failed(3);
    }

    private static string Header => $$"""{"format":"vmtrace/1","page_size":4096,"pages":{{Pages}}}""";

    private static (double Recall, double Precision, long Pages, long Faults) Figures(JsonElement policy) => (
        policy.GetProperty("recall").GetDouble(),
        policy.GetProperty("precision").GetDouble(),
        policy.GetProperty("planPages").GetInt64(),
        policy.GetProperty("faultsLeft").GetInt64());

    private string Trace(int intervals, bool compressed)
    {
        var text = new StringBuilder(Header).Append('\n');
        for (int i = 0; i < intervals; i++)
        {
            text.Append("""{"written":[[0,10]],"read":[[20,10]],"first_touch":[0,20,1]}""").Append('\n');
        }

        byte[] bytes = Encoding.UTF8.GetBytes(text.ToString());
        if (!compressed)
        {
            return _folder.Write("trace.jsonl", bytes);
        }

        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return _folder.Write("trace.jsonl.gz", packed.ToArray());
    }
}
