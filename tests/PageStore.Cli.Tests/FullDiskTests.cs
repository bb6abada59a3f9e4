using PageStore.Checkpoint.Tests;

namespace PageStore.Cli.Tests;

/// <summary>The real tool on a real file system that has not enough space.</summary>
public sealed class FullDiskTests : IDisposable
{
    private const int Megabytes = 12;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Import_on_a_full_disk_says_so_and_keeps_the_last_epoch()
    {
        using SmallFileSystem disk = SmallFileSystem.MountOrSkip(Megabytes);
        string file = Path.Combine(disk.Root, "f.pages");
        byte[] image = RawImages.Mixed(300, 1);
        string small = _folder.Write("small.raw", image);
        ToolRun.Ok("import", small, "-o", file);

        // Random pages do not fit, whatever the codec.
        byte[] large = new byte[2 * Megabytes << 20];
        new Random(2).NextBytes(large);
        (int code, string output, string error) = await ToolProcess.RunAsync("import", _folder.Write("large.raw", large), "-o", file);
        Assert.Equal((ExitCode.InputOutput, string.Empty), (code, output));
        string line = Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("space", line, StringComparison.OrdinalIgnoreCase);

        // The last epoch is whole, and what the failed import left is written over: there is room for a small one.
        ToolRun.Ok("verify", file);
        ToolRun.Ok("import", small, "-o", file);
        ToolRun.Ok("verify", file);
        Assert.Equal(image, ToolRun.Ok("export", file, "--format", "raw", "-o", "-").Bytes);
    }
}
