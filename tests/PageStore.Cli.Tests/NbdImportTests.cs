using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace PageStore.Cli.Tests;

/// <summary><c>pagestore import nbd+unix://…</c>, from QEMU's own server: each epoch against what QEMU reads of the image.</summary>
public sealed class NbdImportTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_bitmap_tells_what_to_read()
    {
        Qemu.Need();
        string image = Create("64M");
        Qemu.Write(image, "write -P 1 1M 3M", "write -P 7 40M 100k");
        Qemu.Run("qemu-img", "bitmap", "--add", image, "b0");
        ToolRun run = Import(image, "b0");
        Assert.Equal((1, 64 << 20, 16384, 16384), (Long(run, "epoch"), Long(run, "length"), Long(run, "pageCount"), Long(run, "pagesWritten")));

        // 3 MiB, and 100 KiB in clusters of 64 KiB: the rest is no hole that anybody reads.
        Assert.Equal((3 << 20 >> 12) + 32, Long(run, "pagesRead"));
        byte[] first = Qemu.ContentOf(image);
        Assert.Equal(first, Exported());

        Qemu.Write(image, "write -P 9 2M 4k", "write -z 3M 64k", "write -P 1 2052k 4k");
        run = Import(image, "b0", "--verify-bitmap");
        Assert.Equal(("b0", 17), (run.Json.GetProperty("bitmap").GetString(), Long(run, "pagesWritten")));
        byte[] second = Qemu.ContentOf(image);
        Assert.Equal(second, Exported());

        // Cleared where the epoch before was taken, it says less: one cluster, of which one page differs.
        Qemu.Run("qemu-img", "bitmap", "--clear", image, "b0");
        Qemu.Write(image, "write -P 5 0 512");
        run = Import(image, "b0");
        Assert.Equal((16, 1), (Long(run, "pagesRead"), Long(run, "pagesWritten")));
        Assert.Equal(Qemu.ContentOf(image), Exported());
        Assert.Equal(second, Exported("@2"));
        Assert.Equal(first, Exported("@1"));
        ToolRun.Ok("verify", _folder["f"], "--deep");
    }

    [Fact]
    public void Inspect_tells_which_bitmap_the_next_epoch_needs()
    {
        Qemu.Need();
        string image = Create("8M");
        Qemu.Run("qemu-img", "bitmap", "--add", image, "b0");
        Import(image, "b0");
        Import(image, "b0", "--next-bitmap", "b1");
        Assert.Equal(
            ["{\"length\":8388608,\"export\":\"disk\",\"bitmap\":null,\"nextBitmap\":\"b0\"}", "{\"length\":8388608,\"export\":\"disk\",\"bitmap\":\"b0\",\"nextBitmap\":\"b1\"}"],
            ToolRun.Ok("inspect", _folder["f"], "--json").Json.GetProperty("epochs").EnumerateArray().Select(epoch => epoch.GetProperty("disk").GetRawText()));
        Assert.Contains("epoch 2: disk disk of 8388608 bytes, changed as said by bitmap b0, what is written from then on said by bitmap b1", ToolRun.Ok("inspect", _folder["f"]).Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_of_another_host_is_the_same_over_TCP()
    {
        Qemu.Need();
        string image = Create("8M");
        Qemu.Run("qemu-img", "bitmap", "--add", image, "b0");
        Qemu.Write(image, "write -P 3 1M 2M");
        using var server = new QemuNbd(image, "a disk", "--bitmap=b0");
        using var relay = new TcpRelay(server.Socket);
        ToolRun run = ToolRun.Ok("import", $"nbd://127.0.0.1:{relay.Port}/a%20disk", "-o", _folder["f"], "--bitmap", "b0", "--json");
        Assert.Equal((2048, 512), (Long(run, "pageCount"), Long(run, "pagesRead")));
        Assert.Equal(Qemu.ContentOf(image), Exported());

        // Nobody listens there any more.
        relay.Dispose();
        Assert.Contains("Cannot connect to nbd://127.0.0.1", ToolRun.Of("import", $"nbd://127.0.0.1:{relay.Port}/a%20disk", "-o", _folder["g"]).Failed(4).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bitmap_that_the_newest_epoch_does_not_name_is_not_used()
    {
        Qemu.Need();
        string image = Create("8M");
        Qemu.Write(image, "write -P 1 1M 1M");
        Import(image, null, "--next-bitmap", "b1");
        Qemu.Write(image, "write -P 2 1M 4k");

        // It is made too late, and says nothing of that write.
        Qemu.Run("qemu-img", "bitmap", "--add", image, "b2");
        using (var server = new QemuNbd(image, "disk", "--bitmap=b2"))
        {
            ToolRun run = ToolRun.Of("import", server.Uri, "-o", _folder["f"], "--bitmap", "b2", "--json");
            Assert.Equal((0, 1), (run.Code, Long(run, "pagesWritten")));
            Assert.Contains("\"b1\"", run.Error, StringComparison.Ordinal);
        }

        Assert.Equal(Qemu.ContentOf(image), Exported());

        // Where the operator says that it is right, and it is not, this is found if he asks.
        Qemu.Write(image, "write -P 3 5M 4k");
        Qemu.Run("qemu-img", "bitmap", "--clear", image, "b2");
        using var lying = new QemuNbd(image, "disk", "--bitmap=b2");
        ToolRun.Of("import", lying.Uri, "-o", _folder["f"], "--bitmap", "b2", "--verify-bitmap").Failed(3);
    }

    [Fact]
    public void An_export_or_a_bitmap_that_is_not_there_is_told()
    {
        Qemu.Need();
        string image = Create("1M");
        using (var server = new QemuNbd(image))
        {
            Assert.Contains("no bitmap \"b\"", ToolRun.Of("import", server.Uri, "-o", _folder["f"], "--bitmap", "b").Failed(2).Error, StringComparison.Ordinal);
            Assert.Contains("no export \"x\"", ToolRun.Of("import", server.Uri.Replace("///disk", "///x", StringComparison.Ordinal), "-o", _folder["f"]).Failed(2).Error, StringComparison.Ordinal);
        }

        Assert.Equal(["disk.qcow2"], _folder.Files);
    }

    [Theory]
    [InlineData("raw", 1_234_567)]
    [InlineData("raw", 512)]
    [InlineData("qcow2", 10_000_384)]
    [InlineData("vdi", 5_000_000)]
    public void What_QEMU_reads_is_what_comes_back(string format, int length)
    {
        Qemu.Need();
        string image = _folder["disk.img"];
        byte[] content = RawImages.Mixed((length / 4096) + 1, length)[..(length / 512 * 512)];
        Qemu.Run("qemu-img", "convert", "-f", "raw", "-O", format, _folder.Write("content", content), image);
        using var server = new QemuNbd(image, "a b?", $"--format={format}");
        string uri = server.Uri.Replace("a b?", "a%20b%3F", StringComparison.Ordinal);
        ToolRun.Ok("import", uri, "-o", _folder["f"], "--page-size", "64K");
        Assert.Equal(content, Exported()[..content.Length]);
        Assert.Equal(Qemu.ContentOf(image), Exported());
    }

    [Property(Arbitrary = [typeof(Rounds)], MaxTest = 8)]
    public void Random_writes_over_rounds_make_epochs_that_equal_the_image(QcowRounds rounds)
    {
        Qemu.Need();
        using var folder = new TempFolder();
        string image = folder["disk.qcow2"];
        Qemu.Run("qemu-img", "create", "-q", "-f", "qcow2", "-o", $"cluster_size={rounds.Cluster}", image, $"{rounds.Sectors * 512}");
        Qemu.Run("qemu-img", "bitmap", "--add", "-g", $"{rounds.Granularity}", image, "b");
        List<byte[]> model = [];
        foreach (IReadOnlyList<string> writes in rounds.Writes)
        {
            Qemu.Write(image, writes);
            using (var server = new QemuNbd(image, "disk", "--bitmap=b"))
            {
                ToolRun run = ToolRun.Ok("import", server.Uri, "-o", folder["f"], "--bitmap", "b", "--page-size", $"{rounds.PageSize}", "--verify-bitmap", "--json");
                Assert.Equal(model.Count > 0 ? "b" : null, run.Json.GetProperty("bitmap").GetString());
            }

            Qemu.Run("qemu-img", "bitmap", "--clear", image, "b");
            model.Add(Qemu.ContentOf(image));
        }

        for (int i = 0; i < model.Count; i++)
        {
            Assert.Equal(model[i], ToolRun.Ok("export", $"{folder["f"]}@{i + 1}", "-o", "-").Bytes);
        }

        ToolRun.Ok("verify", folder["f"], "--deep");
    }

    private static long Long(ToolRun run, string member) => run.Json.GetProperty(member).GetInt64();

    private string Create(string size)
    {
        Qemu.Run("qemu-img", "create", "-q", "-f", "qcow2", _folder["disk.qcow2"], size);
        return _folder["disk.qcow2"];
    }

    private ToolRun Import(string image, string? bitmap, params string[] more)
    {
        using var server = new QemuNbd(image, "disk", bitmap is null ? [] : [$"--bitmap={bitmap}"]);
        return ToolRun.Ok(["import", server.Uri, "-o", _folder["f"], "--json", .. bitmap is null ? (string[])[] : ["--bitmap", bitmap], .. more]);
    }

    private byte[] Exported(string epoch = "") => ToolRun.Ok("export", _folder["f"] + epoch, "-o", "-").Bytes;

    /// <summary>An image, and what is written to it before each epoch.</summary>
    public sealed record QcowRounds(int Cluster, int Granularity, int PageSize, int Sectors, IReadOnlyList<IReadOnlyList<string>> Writes)
    {
        public override string ToString() =>
            $"clusters of {Cluster}, granularity {Granularity}, pages of {PageSize}, {Sectors} sectors\n  {string.Join("\n  ", Writes.Select(round => string.Join("; ", round)))}";
    }

    /// <summary>Generates them.</summary>
    public static class Rounds
    {
        public static Arbitrary<QcowRounds> All() => Arb.From(
            from cluster in Gen.Elements(4096, 65536)
            from granularity in Gen.Elements(512, 4096, 65536, 262144)
            from page in Gen.Elements(4096, 16384, 65536)
            from sectors in Gen.Choose(1, 8000)
            from count in Gen.Choose(2, 4)
            from writes in Gen.ListOf(Round(sectors), count)
            select new QcowRounds(cluster, granularity, page, sectors, [.. writes]));

        private static Gen<IReadOnlyList<string>> Round(int sectors) =>
            from count in Gen.Choose(0, 5)
            from writes in Gen.ListOf(Write(sectors), count)
            select (IReadOnlyList<string>)[.. writes];

        private static Gen<string> Write(int sectors) =>
            from at in Gen.Choose(0, sectors - 1)
            from length in Gen.Frequency((2, Gen.Choose(1, 16)), (1, Gen.Choose(1, 2000)))
            from value in Gen.Choose(1, 255)
            from kind in Gen.Frequency((4, Gen.Constant($"write -P {value}")), (1, Gen.Elements("write -z", "discard")))
            select $"{kind} {at * 512} {Math.Min(length, sectors - at) * 512}";
    }
}
