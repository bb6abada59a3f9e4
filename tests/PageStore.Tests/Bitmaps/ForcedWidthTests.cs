using System.Diagnostics;

using Xunit;

namespace PageStore.Tests;

/// <summary>
/// Runs the bitmap tests again in processes whose runtime does not see the wider vectors, so that the public operations take the
/// narrower paths too, and so that code which needs an instruction set without asking for it is found.
/// </summary>
public class ForcedWidthTests
{
    private const string Marker = "PAGESTORE_TESTS_FORCED_WIDTH";

    [Theory]
    [InlineData("DOTNET_EnableAVX512", 256)]
    [InlineData("DOTNET_EnableAVX2", 128)]
    [InlineData("DOTNET_EnableHWIntrinsic", 64)]
    public async Task The_bitmap_tests_pass_with_narrower_vectors(string variable, int width)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { [variable] = "0", [Marker] = Math.Min(width, (int)BitmapWidths.Widest).ToString() },
        };
        // Under "dotnet test.dll" the host is dotnet, and its first argument the test program.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(ForcedWidthTests).Assembly.Location);
        }

        Type[] classes =
        [
            typeof(WidthIsForced), typeof(WordKernelsTests), typeof(BitFlattenerTests), typeof(PageBitmapSpanTests),
            typeof(PageBitmapTests),
        ];
        foreach (Type type in classes)
        {
            start.ArgumentList.Add("--filter-class");
            start.ArgumentList.Add(type.FullName!);
        }

        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, output + await errors);
    }

    /// <summary>Tells whether the variable did what it should, in the child process.</summary>
    public class WidthIsForced
    {
        [Fact]
        public void The_widest_width_is_the_forced_one()
        {
            if (Environment.GetEnvironmentVariable(Marker) is { } width)
            {
                Assert.Equal(int.Parse(width), (int)BitmapWidths.Widest);
            }
            else
            {
                Assert.Equal(WordKernelsTests.WidthsHere().Max(), BitmapWidths.Widest);
            }
        }
    }
}
