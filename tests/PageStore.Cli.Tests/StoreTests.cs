namespace PageStore.Cli.Tests;

/// <summary><c>pagestore store</c>.</summary>
public sealed class StoreTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Two_guests_share_their_pages_and_come_back_whole()
    {
        byte[] first = RawImages.Mixed(64, 1);
        byte[] second = RawImages.Changed(first, 0, 4, 8);
        string store = _folder["store"];
        ToolRun add = ToolRun.Ok("store", "add", store, Import("a", first), "--domain", "d", "--json");
        Assert.Equal(["name", "domain", "path", "epochs", "pages", "blocksAdded", "bytesAdded", "fileBytes"], add.Members);
        Assert.Equal(("a", "d", 1, 32, 32), (add.Json.GetProperty("name").GetString(), add.Json.GetProperty("domain").GetString(), Number(add, "epochs"), Number(add, "pages"), Number(add, "blocksAdded")));
        Assert.Equal(3, Number(ToolRun.Ok("store", "add", store, Import("b", second), "--domain", "d", "--json", "--compression", "lz4"), "blocksAdded"));

        Assert.Equal(first, ToolRun.Of("export", Path.Combine(store, "checkpoints", "a"), "-o", "-").Bytes);
        Assert.Equal(second, ToolRun.Of("export", Path.Combine(store, "checkpoints", "b@1"), "-o", "-").Bytes);
        ToolRun.Ok("verify", Path.Combine(store, "checkpoints", "b"), "--deep");
        ToolRun list = ToolRun.Ok("store", "list", store, "--json");
        Assert.Equal(["a", "b"], list.Json.GetProperty("checkpoints").EnumerateArray().Select(checkpoint => checkpoint.GetProperty("name").GetString()));
        Assert.Equal(["name", "domain", "path", "fileId", "added"], list.Json.GetProperty("checkpoints")[0].EnumerateObject().Select(member => member.Name));
        Assert.Contains("a ", ToolRun.Ok("store", "list", store).Out);
        ToolRun stat = ToolRun.Ok("store", "stat", store, "--json");
        Assert.Equal(
            ["checkpoints", "domains", "blocks", "blockBytes", "sharedBlocks", "unreferencedBlocks", "packs", "packBytes", "deadBytes", "indexBytes", "checkpointBytes"], stat.Members);
        Assert.Equal((2, 1, 35, 29), (Number(stat, "checkpoints"), Number(stat, "domains"), Number(stat, "blocks"), Number(stat, "sharedBlocks")));
        Assert.StartsWith("2 checkpoints in 1 domains", ToolRun.Ok("store", "stat", store).Out);
    }

    [Fact]
    public void What_is_removed_is_given_back_by_gc()
    {
        string store = _folder["store"];
        ToolRun.Ok("store", "add", store, Import("a", RawImages.Mixed(64, 1)));
        ToolRun.Ok("store", "add", store, Import("b", RawImages.Mixed(64, 2)), "--name", "second");
        Assert.Equal("a", ToolRun.Ok("store", "remove", store, "a", "--json").Json.GetProperty("removed").GetString());
        ToolRun.Of("store", "remove", store, "a").Failed(2);
        Assert.Equal(32, Number(ToolRun.Ok("store", "stat", store, "--json"), "unreferencedBlocks"));
        ToolRun gc = ToolRun.Ok("store", "gc", store, "--max-dead", "0", "--json");
        Assert.Equal(["blocksFreed", "packsRemoved", "blocksMoved", "bytesReturned"], gc.Members);
        Assert.Equal((32, 1), (Number(gc, "blocksFreed"), Number(gc, "packsRemoved")));
        Assert.StartsWith("0 blocks freed", ToolRun.Ok("store", "gc", store).Out);
        Assert.Equal(RawImages.Mixed(64, 2), ToolRun.Of("export", Path.Combine(store, "checkpoints", "second"), "-o", "-").Bytes);
    }

    [Fact]
    public void A_file_outside_names_the_block_it_misses_until_its_store_is_given()
    {
        byte[] image = RawImages.Mixed(16, 1);
        string store = _folder["store"];
        ToolRun.Ok("store", "add", store, Import("a", image));
        File.Copy(Path.Combine(store, "checkpoints", "a"), _folder["away"]);
        ToolRun.Ok("inspect", _folder["away"]);
        Assert.Contains("block ", ToolRun.Of("verify", _folder["away"]).Failed(4).Error);
        ToolRun.Ok("verify", _folder["away"], "--store", store);
        Assert.Equal(image, ToolRun.Of("export", _folder["away"], "-o", "-", "--store", store).Bytes);
        ToolRun.Of("export", _folder["away"], "-o", _folder["x"], "--store", _folder["nothing"]).Failed(4);
        ToolRun.Of("prune", Path.Combine(store, "checkpoints", "a"), "--keep-last", "1").Failed(3);
        ToolRun.Of("compact", Path.Combine(store, "checkpoints", "a")).Failed(3);
        ToolRun.Ok("compact", Path.Combine(store, "checkpoints", "a"), "-o", _folder["alone"]);
        Assert.Equal(image, ToolRun.Of("export", _folder["alone"], "-o", "-").Bytes);
    }

    [Fact]
    public void Blocks_are_packed_thoroughly_unless_told_otherwise()
    {
        string file = Import("a", RawImages.Text(64, 1));
        long Added(params string[] options) => Number(ToolRun.Ok(["store", "add", _folder["s"], file, "--json", .. options]), "bytesAdded");
        long thorough = Added("--domain", "1");
        Assert.Equal(thorough, Added("--domain", "2", "--name", "2", "--compression", "lz4hc"));
        Assert.InRange(thorough, 1, Added("--domain", "3", "--name", "3", "--compression", "lz4") - 1);
    }

    [Fact]
    public void Wrong_use_is_told_with_the_way_to_the_help()
    {
        Assert.Contains("pagestore store gc --help", ToolRun.Of("store", "gc", _folder["s"], "--max-dead", "101").Failed(2).Error);
        ToolRun.Of("store").Failed(2);
        ToolRun.Of("store", "list", _folder["s"]).Failed(4);
        ToolRun.Of("store", "add", _folder["s"], _folder["nothing"]).Failed(4);
        ToolRun.Of("store", "add", _folder["s"], Import("a", RawImages.Mixed(4, 1)), "--name", "a/b").Failed(2);
    }

    private static long Number(ToolRun run, string member) => run.Json.GetProperty(member).GetInt64();

    private string Import(string name, byte[] image)
    {
        ToolRun.Ok("import", _folder.Write("image", image), "-o", _folder[name]);
        return _folder[name];
    }
}
