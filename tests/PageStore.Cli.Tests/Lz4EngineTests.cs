using PageStore.Native;

namespace PageStore.Cli.Tests;

/// <summary>By what the tool packs pages, how users choose it, and that a file does not depend on it.</summary>
public sealed class Lz4EngineTests : IDisposable
{
    private const string ManagedEngine = "lz4: K4os.Compression.LZ4";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Version_shows_the_engine_that_was_chosen()
    {
        Assert.Equal(ManagedEngine, await EngineAsync(NativePageCodec.Managed));
        string system = NativePageCodec.TryOpen(out NativePageCodec? native) ? $"lz4: {native}" : ManagedEngine;
        Assert.Equal(system, await EngineAsync(string.Empty));
        if (native is not null)
        {
            Assert.Equal(system, await EngineAsync("liblz4.so.1"));
        }
    }

    [Fact]
    public async Task Library_that_was_asked_for_and_is_not_there_is_an_error()
    {
        (int code, string output, string error) = await RunAsync("/nowhere/liblz4.so.1", "inspect", _folder["f"]);
        Assert.Equal((ExitCode.Host, string.Empty), (code, output));
        Assert.StartsWith("pagestore: liblz4 was not found (tried /nowhere/liblz4.so.1)", error);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Theory]
    [InlineData(NativePageCodec.Managed, "")]
    [InlineData("", NativePageCodec.Managed)]
    public async Task What_one_engine_wrote_the_other_reads(string writer, string reader)
    {
        Assert.SkipUnless(NativePageCodec.TryOpen(out _), "liblz4.so.1 is missing (Debian: liblz4-1).");
        byte[] image = RawImages.Mixed(400, 1);
        await OkAsync(writer, "import", _folder.Write("a.raw", image), "-o", _folder["f"], "--compression", "lz4");
        await OkAsync(reader, "verify", "--deep", _folder["f"]);
        await OkAsync(reader, "export", _folder["f"], "-o", _folder["b.raw"], "--format", "raw");
        Assert.Equal(image, File.ReadAllBytes(_folder["b.raw"]));

        // On top of it, by the other engine: pages that did not change are known by their content.
        byte[] second = RawImages.Changed(image, 2, 6);
        await OkAsync(reader, "import", _folder.Write("c.raw", second), "-o", _folder["f"], "--compression", "lz4");
        await OkAsync(writer, "export", _folder["f"], "-o", _folder["d.raw"], "--format", "raw");
        Assert.Equal(second, File.ReadAllBytes(_folder["d.raw"]));
    }

    [Fact]
    public void Codec_of_another_format_is_no_engine() => Assert.Throws<ArgumentException>("engine", () => PageCodecs.UseLz4(PageCodecs.None));

    private static async Task<string> EngineAsync(string choice) => (await OkAsync(choice, "--version")).TrimEnd().Split('\n')[1];

    private static async Task<string> OkAsync(string choice, params string[] args)
    {
        (int code, string output, string error) = await RunAsync(choice, args);
        Assert.Equal((ExitCode.Ok, string.Empty), (code, error));
        return output;
    }

    private static Task<(int Code, string Out, string Error)> RunAsync(string choice, params string[] args) =>
        ToolProcess.RunInAsync([(NativePageCodec.LibraryVariable, choice)], args);
}
