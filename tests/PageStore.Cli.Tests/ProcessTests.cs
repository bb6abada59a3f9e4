using System.Diagnostics;
using System.Text.Json;

namespace PageStore.Cli.Tests;

/// <summary>The tool as a process of its own: pipes, signals, memory, and the demo.</summary>
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

    [Fact]
    public async Task Demo_brings_its_guest_back_in_a_new_process()
    {
        (int code, string output, string error) = await ToolProcess.RunAsync("demo", "--memory", "64MiB", "--epochs", "3", "--json");
        Assert.Equal((0, string.Empty), (code, error));
        JsonElement demo = JsonDocument.Parse(output).RootElement;
        Assert.Equal(64 << 20, demo.GetProperty("memoryBytes").GetInt64());
        Assert.InRange(demo.GetProperty("configuredBytes").GetInt64(), 24 << 20, 48 << 20);
        JsonElement[] epochs = [.. demo.GetProperty("epochs").EnumerateArray()];
        Assert.Equal([1, 2, 3], epochs.Select(epoch => epoch.GetProperty("epoch").GetInt64()));
        Assert.All(epochs, epoch => Assert.True(epoch.GetProperty("written").GetInt64() > 0 && epoch.GetProperty("bytes").GetInt64() > 0));
        JsonElement restored = demo.GetProperty("restored");
        Assert.Equal(3, restored.GetProperty("epoch").GetInt64());
        Assert.True(restored.GetProperty("recordsChecked").GetInt64() > 10_000 && restored.GetProperty("operationsAfter").GetInt64() > 0);
        Assert.True(restored.GetProperty("writes").GetInt64() >= restored.GetProperty("recordsChecked").GetInt64());
    }

    [Fact]
    public async Task Demo_shows_a_row_for_each_epoch()
    {
        (int code, string output, _) = await ToolProcess.RunAsync("demo", "--memory", "16MiB", "--epochs", "2");
        Assert.Equal(0, code);
        Assert.Contains("pause", output);
        Assert.Contains("allocated 16 MiB, configured", output);
        Assert.Contains("restored epoch 2", output);
    }

    [Fact]
    public async Task Demo_without_its_native_library_is_5()
    {
        foreach (string file in Directory.GetFiles(AppContext.BaseDirectory).Where(file => Path.GetFileName(file) != "libpagestore_native.so"))
        {
            File.Copy(file, _folder[Path.GetFileName(file)]);
        }

        using Process process = ToolProcess.StartCopy(_folder[string.Empty], "demo", "--memory", "16MiB");
        (int code, string output, string error) = await ToolProcess.EndAsync(process);
        Assert.Equal((5, string.Empty), (code, output.Contains('{') ? output : string.Empty));
        Assert.StartsWith("pagestore: libpagestore_native.so", error);
        Assert.Single(error.TrimEnd().Split('\n'));
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
