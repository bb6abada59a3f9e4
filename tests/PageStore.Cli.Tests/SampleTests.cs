namespace PageStore.Cli.Tests;

/// <summary>Files that a real <c>xl save</c> wrote, where there are some: pairs of one guest, saved twice.</summary>
public sealed class SampleTests
{
    /// <summary>What may be added beside pages: page table, sets, sections, record.</summary>
    private const long MaxRest = 64 << 10;

    [Theory]
    [InlineData("pvh-a", "pvh-a2")]
    [InlineData("pv-a", "pv-a2")]
    public void Pair_imports_and_exports_as_the_oracle_reads_it(string first, string second)
    {
        using var folder = new TempFolder();
        XenOracleImage a = Load(first);
        ToolRun run = Import(folder, first);
        Assert.Equal((1, a.PageCount, a.CountChangedSince(null)), (Long(run, "epoch"), Long(run, "pageCount"), Long(run, "pagesWritten")));

        XenOracleImage b = Load(second);
        long changed = b.CountChangedSince(a);
        run = Import(folder, second);
        Assert.Equal((2, changed), (Long(run, "epoch"), Long(run, "pagesWritten")));
        Assert.InRange(changed, 1, 1000);
        Assert.InRange(Long(run, "bytesWritten"), 1, (changed * RawImages.PageSize) + MaxRest);
        AssertExports(folder, "@2", b);
        AssertExports(folder, "@1", a);
        ToolRun.Ok("verify", folder["f"]);
    }

    private static ToolRun Import(TempFolder folder, string sample) => ToolRun.Ok("import", PathOf(sample), "-o", folder["f"], "--json");

    private static long Long(ToolRun run, string member) => run.Json.GetProperty(member).GetInt64();

    private static XenOracleImage Load(string sample) => XenOracleImage.Of(File.ReadAllBytes(PathOf(sample)));

    private static string PathOf(string sample)
    {
        string? folder = Environment.GetEnvironmentVariable("PAGESTORE_SAMPLES");
        string path = Path.Combine(folder ?? string.Empty, sample + ".xlsave");
        if (!File.Exists(path))
        {
            Assert.Skip($"PAGESTORE_SAMPLES names no folder with {sample}.xlsave, which a run of xl save on a Xen host writes.");
        }

        return path;
    }

    /// <summary>Every page of the image: data where the oracle has some, zeros elsewhere, and no block on the disk for those.</summary>
    private static void AssertExports(TempFolder folder, string epoch, XenOracleImage expected)
    {
        ToolRun.Ok("export", folder["f"] + epoch, "--format", "raw", "-o", folder["raw"], "--force");
        using FileStream raw = File.OpenRead(folder["raw"]);
        Assert.Equal(expected.PageCount * RawImages.PageSize, raw.Length);
        byte[] page = new byte[RawImages.PageSize];
        long next = 0;
        foreach (long pfn in expected.DataPages)
        {
            AssertZeros(raw, next, pfn);
            raw.ReadExactly(page);
            Assert.True(page.AsSpan().SequenceEqual(expected.Page(pfn)), $"Page 0x{pfn:x} differs.");
            next = pfn + 1;
        }

        AssertZeros(raw, next, expected.PageCount);
        Assert.InRange(FileStat.BytesTaken(folder["raw"]), 0, (expected.DataPages.LongCount() * RawImages.PageSize) + (1 << 20));
    }

    private static void AssertZeros(FileStream raw, long from, long to)
    {
        byte[] chunk = new byte[1 << 20];
        for (long rest = (to - from) * RawImages.PageSize; rest > 0;)
        {
            Span<byte> zeros = chunk.AsSpan(0, (int)Math.Min(rest, chunk.Length));
            raw.ReadExactly(zeros);
            Assert.False(zeros.ContainsAnyExcept((byte)0), $"Pages 0x{from:x} to 0x{to:x} are not all zero.");
            rest -= zeros.Length;
        }
    }
}
