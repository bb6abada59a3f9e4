using System.Diagnostics;
using System.Text.Json;

namespace PageStore.Cli.Tests;

/// <summary>The tool as a process of its own: pipes, signals and memory.</summary>
public sealed class ProcessTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Image_goes_through_pipes()
    {
        byte[] image = RawImages.Mixed(3000, 1);
        using Process import = ToolProcess.Start("import", "-", "-o", _folder["f"], "--json");
        await import.StandardInput.BaseStream.WriteAsync(image, Cancellation);
        (int code, string output, string error) = await ToolProcess.EndAsync(import);
        Assert.Equal((0, string.Empty), (code, error));
        Assert.Equal(3000, JsonDocument.Parse(output).RootElement.GetProperty("pageCount").GetInt64());

        using Process export = ToolProcess.Start("export", _folder["f"], "--format", "raw", "-o", "-");
        using var bytes = new MemoryStream();
        await export.StandardOutput.BaseStream.CopyToAsync(bytes, Cancellation);
        await export.WaitForExitAsync(Cancellation);
        Assert.Equal(0, export.ExitCode);
        Assert.Equal(image, bytes.ToArray());
    }

    [Fact]
    public async Task Exit_codes_and_lines_reach_the_shell()
    {
        (int code, string output, string error) = await ToolProcess.RunAsync("inspect", _folder["none"]);
        Assert.Equal((4, string.Empty), (code, output));
        Assert.Single(error.TrimEnd().Split('\n'));
        Assert.Equal(2, (await ToolProcess.RunAsync("bogus")).Code);
        Assert.Equal(3, (await ToolProcess.RunAsync("verify", _folder.Write("text", [1, 2, 3]))).Code);
        (code, output, error) = await ToolProcess.RunAsync("--version");
        Assert.Equal((0, string.Empty), (code, error));
        Assert.Matches(@"^\d+\.\d+\.\d+", output);
    }

    [Fact]
    public async Task File_that_begins_with_an_at_sign_is_a_file()
    {
        _folder.Write("@a", new byte[4096]);
        using Process import = ToolProcess.StartIn(_folder[string.Empty], "import", "@a", "-o", "@f");
        Assert.Equal(0, (await ToolProcess.EndAsync(import)).Code);
        Assert.Equal(["@a", "@f"], _folder.Files);
    }

    [Theory]
    [InlineData("TERM", false)]
    [InlineData("INT", false)]
    [InlineData("TERM", true)]
    public async Task Interrupted_import_commits_nothing(string signal, bool exists)
    {
        byte[] image = RawImages.Mixed(2000, 2);
        if (exists)
        {
            ToolRun.Ok("import", _folder.Write("a.raw", image), "-o", _folder["f"]);
        }

        using Process import = ToolProcess.Start("import", "-", "-o", _folder["f"]);

        // More than is read ahead: once it is taken, pages are on their way into the file.
        byte[] changed = RawImages.Changed(image, [.. Enumerable.Range(0, 2000)]);
        await import.StandardInput.BaseStream.WriteAsync(changed, Cancellation);
        await import.StandardInput.BaseStream.WriteAsync(changed, Cancellation);
        await ToolProcess.SignalAsync(import, signal);

        // Its input stays open: nothing but the signal ends it.
        await import.WaitForExitAsync(Cancellation);
        Assert.Equal(130, import.ExitCode);
        Assert.Equal(exists, File.Exists(_folder["f"]));
        if (exists)
        {
            Assert.Equal(image, ToolRun.Ok("export", _folder["f"], "-o", "-").Bytes);
            ToolRun.Ok("verify", _folder["f"]);
        }
    }

    [Fact]
    public async Task Memory_of_an_import_does_not_grow_with_the_image()
    {
        byte[] block = RawImages.Mixed(4096, 3);
        using Process import = ToolProcess.Start("import", "-", "-o", _folder["f"], "--json");
        Stream input = import.StandardInput.BaseStream;
        await WriteAsync(input, block, 2);
        long small = ToolProcess.PeakResidentBytes(import);

        // 512 MiB in all; the last bytes of them still wait in the pipe when the peak is read.
        await WriteAsync(input, block, 30);
        long large = ToolProcess.PeakResidentBytes(import);
        (int code, string output, _) = await ToolProcess.EndAsync(import);
        Assert.Equal((0, 32 * 4096), (code, JsonDocument.Parse(output).RootElement.GetProperty("pageCount").GetInt64()));
        Assert.InRange(large - small, 0, 48 << 20);
    }

    private static async Task WriteAsync(Stream input, byte[] block, int times)
    {
        for (int i = 0; i < times; i++)
        {
            // Otherwise every block would be the one before.
            block[i * 4096] ^= 1;
            await input.WriteAsync(block, Cancellation);
        }
    }
}
