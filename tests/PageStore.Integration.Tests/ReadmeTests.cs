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
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "TwoEpochs.dll")]) { RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        Assert.StartsWith("1 page written, paused ", output, StringComparison.Ordinal);
        Assert.EndsWith("page 7 of epoch 1 begins with 1, the newest epoch is 2", output.TrimEnd(), StringComparison.Ordinal);
    }

    private static string Resource(string name)
    {
        using var reader = new StreamReader(typeof(ReadmeTests).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
