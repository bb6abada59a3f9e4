using System.Diagnostics;
using PageStore.Native;
using Xunit;

namespace PageStore.Integration.Tests;

/// <summary>The README's example is the sample, and the sample does what it says.</summary>
public sealed class ReadmeTests
{
    [Fact]
    public void The_example_is_the_sample()
    {
        Assert.Contains(Resource("TwoEpochs.cs").Trim(), Resource("README.md"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_sample_runs()
    {
        string? missing = LinuxTrackingCapabilities.Probe().Missing;
        Assert.SkipWhen(missing is not null, missing ?? string.Empty);
        string output = Run("TwoEpochs");
        Assert.StartsWith("1 page written, paused ", output, StringComparison.Ordinal);
        Assert.EndsWith("page 7 of epoch 1 begins with 1, the newest epoch is 2", output.TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_small_samples_append_epochs_and_read_an_old_one()
    {
        string file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".pages");
        try
        {
            Assert.StartsWith("epoch 1: 1 page written, ", Run("AppendEpoch", file), StringComparison.Ordinal);
            Assert.StartsWith("epoch 2: 1 page written, ", Run("AppendEpoch", file), StringComparison.Ordinal);
            Assert.Equal("page 42 of epoch 1 begins with 1 255", Run("ReadOldEpoch", file, "1", "42").TrimEnd());
            Assert.Equal("page 42 of epoch 2 begins with 2 255", Run("ReadOldEpoch", file, "2", "42").TrimEnd());
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static string Run(string sample, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, sample + ".dll"), .. arguments]) { RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output;
    }

    private static string Resource(string name)
    {
        using var reader = new StreamReader(typeof(ReadmeTests).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
