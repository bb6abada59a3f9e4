using System.ComponentModel;
using System.Diagnostics;

namespace PageStore.Cli.Tests;

/// <summary>A block device whose blocks are a file. Disposing takes it away again.</summary>
internal sealed class LoopDevice : IDisposable
{
    private LoopDevice(string path)
    {
        Path = path;
    }

    public string Path { get; }

    /// <summary>Makes one, or skips the test where that is not allowed.</summary>
    public static LoopDevice Of(string file)
    {
        (int code, string output) = Losetup("--find", "--show", file);
        Assert.SkipUnless(code == 0 && output.StartsWith("/dev/", StringComparison.Ordinal), "losetup makes no block device here: it takes root, and loop devices.");
        return new LoopDevice(output.Trim());
    }

    public void Dispose() => Losetup("--detach", Path);

    private static (int Code, string Output) Losetup(params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo("losetup", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            string output = process.StandardOutput.ReadToEnd();
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output);
        }
        catch (Win32Exception)
        {
            return (-1, string.Empty);
        }
    }
}
