using System.Text.Json;

namespace PageStore.Cli.Tests;

/// <summary><c>pagestore prune</c> and <c>pagestore compact</c>.</summary>
public sealed class PruneCompactTests : IDisposable
{
    private const int Epochs = 12;

    private readonly TempFolder _folder = new();
    private readonly List<byte[]> _images = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Prune_keeps_what_any_option_names()
    {
        string file = WriteEpochs();
        ToolRun run = ToolRun.Ok("prune", file, "--keep-last", "2", "--keep-every", "5", "--keep-labelled", "--json");

        Assert.Equal(["dropped", "deadBytes", "returnedBytes", "pinnedBytes", "heldByReaders"], run.Members);
        Assert.Equal([1, 2, 4, 6, 7, 8, 9], run.Json.GetProperty("dropped").EnumerateArray().Select(id => id.GetInt64()));
        Assert.False(run.Json.GetProperty("heldByReaders").GetBoolean());
        Assert.Equal([3L, 5, 10, 11, 12], EpochsOf(file));
        AssertExports(file, 3, 5, 10, 11, 12);
        ToolRun.Ok("verify", file, "--deep");
    }

    [Fact]
    public void Prune_by_age_looks_back_from_the_newest()
    {
        string file = WriteEpochs();
        Assert.Empty(ToolRun.Ok("prune", file, "--keep-within", "1.5h", "--json").Json.GetProperty("dropped").EnumerateArray());
        ToolRun.Ok("prune", file, "--keep-within", "0s");
        Assert.Equal([12L], EpochsOf(file));
    }

    [Fact]
    public void Compact_replaces_the_file_and_keeps_the_epochs()
    {
        string file = WriteEpochs();
        ToolRun.Ok("prune", file, "--keep-last", "3");
        ToolRun run = ToolRun.Ok("compact", file, "--json");

        Assert.Equal(["epochs", "bytesBefore", "bytesAfter", "packs", "packsLeft"], run.Members);
        Assert.Equal(3, run.Json.GetProperty("epochs").GetInt64());
        Assert.Equal(new FileInfo(file).Length, run.Json.GetProperty("bytesAfter").GetInt64());
        Assert.Equal([file], Directory.GetFiles(Path.GetDirectoryName(file)!, "f*"));
        Assert.Equal([10L, 11, 12], EpochsOf(file));
        AssertExports(file, 10, 11, 12);
        ToolRun.Ok("verify", file, "--deep");
    }

    [Fact]
    public void Compact_to_a_new_file_leaves_the_old_one_alone()
    {
        string file = WriteEpochs();
        byte[] before = File.ReadAllBytes(file);
        ToolRun.Ok("compact", file, "-o", _folder["g"]);

        Assert.Equal(before, File.ReadAllBytes(file));
        AssertExports(_folder["g"], 1, 12);
        ToolRun.Of("compact", file, "-o", _folder["g"]).Failed(4);
    }

    [Fact]
    public void Compact_keeps_packs_and_says_so()
    {
        string file = WriteEpochs();
        ToolRun.Ok("pack", file);
        ToolRun.Ok("pack", file + "@5");
        Assert.Contains("12 epochs, 2 with a resume pack; ", ToolRun.Ok("compact", file).Out, StringComparison.Ordinal);
        JsonElement again = ToolRun.Ok("compact", file, "--json").Json;
        Assert.Equal((2, 0), (again.GetProperty("packs").GetInt64(), again.GetProperty("packsLeft").GetInt64()));
        Assert.Contains("epoch 5: resume pack of", ToolRun.Ok("inspect", file).Out, StringComparison.Ordinal);
        ToolRun.Ok("verify", file, "--deep");
    }

    [Fact]
    public void Compact_refuses_a_damaged_file_and_leaves_it()
    {
        string file = WriteEpochs();
        byte[] bytes = File.ReadAllBytes(file);
        bytes[131072 + 100] ^= 1;
        File.WriteAllBytes(file, bytes);
        ToolRun.Of("compact", file).Failed(3);
        Assert.Equal(bytes, File.ReadAllBytes(file));
        Assert.Equal([file], Directory.GetFiles(Path.GetDirectoryName(file)!, "f*"));
    }

    [Theory]
    [InlineData]
    [InlineData("--keep-last", "0")]
    [InlineData("--keep-last", "x")]
    [InlineData("--keep-every", "1")]
    [InlineData("--keep-within", "5")]
    [InlineData("--keep-within", "-5d")]
    public void Wrong_usage_is_told(params string[] options) => ToolRun.Of(["prune", WriteEpochs(), .. options]).Failed(2);

    private static IEnumerable<long> EpochsOf(string file) =>
        ToolRun.Ok("inspect", file, "--json").Json.GetProperty("epochs").EnumerateArray().Select(epoch => epoch.GetProperty("id").GetInt64());

    private void AssertExports(string file, params int[] epochs)
    {
        foreach (int epoch in epochs)
        {
            Assert.Equal(_images[epoch - 1], ToolRun.Of("export", $"{file}@{epoch}", "-o", "-").Bytes);
        }
    }

    /// <summary>Imports images that differ from one to the next; the third has a label.</summary>
    private string WriteEpochs()
    {
        _images.Clear();
        _images.Add(RawImages.Mixed(64, 1));
        for (int epoch = 1; epoch < Epochs; epoch++)
        {
            _images.Add(RawImages.Changed(_images[^1], epoch, epoch + 1, 40 + epoch));
        }

        string file = _folder["f"];
        for (int epoch = 1; epoch <= Epochs; epoch++)
        {
            ToolRun.Ok(["import", _folder.Write("image", _images[epoch - 1]), "-o", file, .. epoch == 3 ? ["--label", "third"] : Array.Empty<string>()]);
        }

        return file;
    }
}
