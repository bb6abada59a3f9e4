namespace PageStore.Cli.Tests;

/// <summary>Encrypted files on the command line: <c>--key-file</c>, the variables, <c>--expect-root</c>.</summary>
public sealed class EncryptionTests : IDisposable
{
    private const string KeyText = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    private readonly TempFolder _folder = new();
    private readonly byte[] _image = RawImages.Mixed(200, 1);
    private readonly string _key;

    public EncryptionTests() => _key = _folder.Write("key", Convert.FromHexString(KeyText));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_was_imported_with_a_key_comes_back_with_it_only()
    {
        Import(_image);
        ToolRun.Ok("verify", _folder["f"], "--key-file", _key);
        ToolRun.Ok("export", _folder["f"], "-o", _folder["out"], "--key-file", _key);

        Assert.Equal(_image, File.ReadAllBytes(_folder["out"]));
        Assert.Equal("600", FileStat.Mode(_folder["out"]));
        Assert.Equal("600", FileStat.Mode(_folder["f"]));
        Assert.Contains("is encrypted", ToolRun.Of("verify", _folder["f"]).Failed(6).Error);
        Assert.Contains("--key-file", ToolRun.Of("export", _folder["f"], "-o", "-").Failed(6).Error);
        string other = _folder.Write("other", new byte[32]);
        Assert.Contains("key id", ToolRun.Of("export", _folder["f"], "-o", "-", "--key-file", other).Failed(6).Error);
        Assert.Contains("is encrypted", ToolRun.Of("import", _folder["image"], "-o", _folder["f"]).Failed(6).Error);
    }

    [Fact]
    public void Nothing_of_the_image_stands_in_the_file()
    {
        Import(_image);
        byte[] file = File.ReadAllBytes(_folder["f"]);

        Assert.Equal(-1, file.AsSpan().IndexOf(_image.AsSpan(0, 64)));
        Assert.Equal(-1, file.AsSpan().IndexOf("a label of mine"u8));
    }

    [Fact]
    public void A_plain_file_is_refused_with_a_key()
    {
        ToolRun.Ok("import", _folder.Write("image", _image), "-o", _folder["f"]);

        Assert.Contains("is not encrypted", ToolRun.Of("inspect", _folder["f"], "--key-file", _key).Failed(6).Error);
        Assert.Contains("is not encrypted", ToolRun.Of("import", _folder["image"], "-o", _folder["f"], "--key-file", _key).Failed(6).Error);
    }

    [Fact]
    public void Inspect_tells_without_a_key_that_there_is_one()
    {
        Import(_image);
        ToolRun locked = ToolRun.Ok("inspect", _folder["f"], "--json");
        ToolRun open = ToolRun.Ok("inspect", _folder["f"], "--json", "--key-file", _key);

        Assert.Equal(["encrypted", "keyId", "passphrase"], locked.Members);
        Assert.Equal(["formatVersion", "pageSize", "pageCount", "fileBytes", "root", "encrypted", "keyId", "epochs"], open.Members);
        Assert.Equal(locked.Json.GetProperty("keyId").GetString(), open.Json.GetProperty("keyId").GetString());
        Assert.Contains("encrypted, key id", ToolRun.Ok("inspect", _folder["f"]).Out);
        Assert.DoesNotContain("a label of mine", ToolRun.Ok("inspect", _folder["f"]).Out);
        Assert.Contains("a label of mine", ToolRun.Ok("inspect", _folder["f"], "--key-file", _key).Out);
    }

    [Fact]
    public void An_older_copy_is_refused_where_the_root_is_known()
    {
        string first = Import(_image).Json.GetProperty("root").GetString()!;
        File.Copy(_folder["f"], _folder["copy"]);
        string second = Import(RawImages.Changed(_image, 3), "--expect-root", first).Json.GetProperty("root").GetString()!;

        Assert.Equal(second, ToolRun.Ok("inspect", _folder["f"], "--json", "--key-file", _key).Json.GetProperty("root").GetString());
        ToolRun.Ok("verify", _folder["f"], "--key-file", _key, "--expect-root", second.ToUpperInvariant());
        File.Move(_folder["copy"], _folder["f"], overwrite: true);
        ToolRun.Ok("verify", _folder["f"], "--key-file", _key);
        foreach (string[] command in (string[][])[["verify", _folder["f"]], ["inspect", _folder["f"]], ["export", _folder["f"], "-o", "-"], ["import", _folder["image"], "-o", _folder["f"]], ["compact", _folder["f"]], ["compact", _folder["f"], "-o", _folder["new"]]])
        {
            Assert.Contains("older", ToolRun.Of([.. command, "--key-file", _key, "--expect-root", second]).Failed(3).Error);
        }

        Assert.False(File.Exists(_folder["new"]));
        ToolRun.Ok("compact", _folder["f"], "--key-file", _key, "--expect-root", first);
        ToolRun.Of("verify", _folder["f"], "--key-file", _key, "--expect-root", "12").Failed(2);
        ToolRun.Of("compact", _folder["f"], "--key-file", _key, "--expect-root", "12").Failed(2);
        ToolRun.Of("import", _folder["image"], "-o", _folder["new"], "--key-file", _key, "--expect-root", second).Failed(4);
    }

    [Fact]
    public void Pruning_and_comparing_take_the_key()
    {
        Import(_image);
        Import(RawImages.Changed(_image, 3));
        ToolRun.Of("prune", _folder["f"], "--keep-last", "1").Failed(6);
        ToolRun.Of("diff", _folder["f"] + "@1", _folder["f"]).Failed(6);

        ToolRun.Ok("diff", _folder["f"] + "@1", _folder["f"], "--key-file", _key);
        ToolRun.Ok("prune", _folder["f"], "--keep-last", "1", "--key-file", _key);
        ToolRun.Ok("verify", _folder["f"], "--deep", "--key-file", _key);
        AssertExports(_folder["f"], RawImages.Changed(_image, 3));
    }

    [Fact]
    public void Repair_and_compact_take_the_key_and_encrypt_with_it()
    {
        Import(_image);
        Import(RawImages.Changed(_image, 3));
        byte[] before = File.ReadAllBytes(_folder["f"]);
        string other = _folder.Write("other", new byte[32]);
        foreach (string[] key in (string[][])[[], ["--key-file", other]])
        {
            Assert.Contains("key id", ToolRun.Of(["repair", _folder["f"], "-o", _folder["new"], .. key]).Failed(6).Error);
            Assert.Contains("key id", ToolRun.Of(["compact", _folder["f"], .. key]).Failed(6).Error);
            Assert.Contains("key id", ToolRun.Of(["compact", _folder["f"], "-o", _folder["new"], .. key]).Failed(6).Error);
        }

        Assert.Equal(before, File.ReadAllBytes(_folder["f"]));
        Assert.False(File.Exists(_folder["new"]));
        ToolRun.Ok("repair", _folder["f"], "-o", _folder["new"], "--key-file", _key);
        ToolRun.Ok("compact", _folder["f"], "--key-file", _key);
        ToolRun.Ok("compact", _folder["f"], "-o", _folder["g"], "--key-file", _key);
        foreach (string file in (string[])["f", "g", "new"])
        {
            ToolRun.Of("verify", _folder[file]).Failed(6);
            ToolRun.Ok("verify", _folder[file], "--deep", "--key-file", _key);
            AssertExports(_folder[file], RawImages.Changed(_image, 3));
            AssertExports(_folder[file] + "@1", _image);
        }
    }

    [Fact]
    public void Repair_names_what_an_encrypted_file_has_lost()
    {
        Import(_image);
        byte[] bytes = File.ReadAllBytes(_folder["f"]);
        bytes[131072 + 100] ^= 1;
        string damaged = _folder.Write("damaged", bytes);
        Assert.Contains("does not authenticate", ToolRun.Of("repair", damaged, "-o", _folder["new"], "--key-file", _key).Failed(3).Out);
        ToolRun.Ok("verify", _folder["new"], "--deep", "--key-file", _key);

        bytes[10] ^= 1;
        bytes[65536 + 10] ^= 1;
        string headless = _folder.Write("headless", bytes);
        Assert.Contains("salt", ToolRun.Of("repair", headless, "-o", _folder["newer"], "--key-file", _key, "--page-size", "4KiB", "--segment-size", "4MiB").Failed(3).Error);
    }

    [Theory]
    [InlineData("31 bytes, no key at all, really")]
    [InlineData("")]
    public void A_file_that_holds_no_key_is_refused(string content)
    {
        string bad = _folder.Write("bad", System.Text.Encoding.ASCII.GetBytes(content));

        Assert.Contains("holds no key", ToolRun.Of("inspect", _folder["f"], "--key-file", bad).Failed(6).Error);
        ToolRun.Of("inspect", _folder["f"], "--key-file", _folder["missing"]).Failed(4);
    }

    [Fact]
    public async Task The_environment_gives_a_key_or_a_passphrase_and_the_option_wins()
    {
        Import(_image);
        Assert.Equal(0, await RunAsync([("PAGESTORE_KEY", KeyText)], "verify", _folder["f"]));
        Assert.Equal(6, await RunAsync([("PAGESTORE_KEY", new string('0', 64))], "verify", _folder["f"]));
        Assert.Equal(6, await RunAsync([("PAGESTORE_KEY", "nonsense")], "verify", _folder["f"]));
        Assert.Equal(0, await RunAsync([("PAGESTORE_KEY", "nonsense")], "verify", _folder["f"], "--key-file", _key));
        Assert.Equal(2, await RunAsync([("PAGESTORE_KEY", KeyText), ("PAGESTORE_PASSPHRASE", "x")], "verify", _folder["f"]));
        Assert.Equal(6, await RunAsync([("PAGESTORE_PASSPHRASE", "guess")], "verify", _folder["f"]));
        Assert.Equal(0, await RunAsync([("PAGESTORE_PASSPHRASE", "word")], "import", _folder["image"], "-o", _folder["g"]));
        Assert.Equal(0, await RunAsync([("PAGESTORE_PASSPHRASE", "word")], "verify", _folder["g"]));
        Assert.Equal(6, await RunAsync([("PAGESTORE_PASSPHRASE", "guess")], "verify", _folder["g"]));
    }

    private static async Task<int> RunAsync((string Name, string Value)[] environment, params string[] args) =>
        (await ToolProcess.EndAsync(ToolProcess.StartWith(environment, args))).Code;

    private void AssertExports(string epoch, byte[] image) => Assert.Equal(image, ToolRun.Of("export", epoch, "-o", "-", "--key-file", _key).Bytes);

    private ToolRun Import(byte[] image, params string[] more) =>
        ToolRun.Ok(["import", _folder.Write("image", image), "-o", _folder["f"], "--label", "a label of mine", "--key-file", _key, "--json", .. more]);
}
