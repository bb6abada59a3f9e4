using System.Diagnostics;
using System.Globalization;

namespace PageStore.Benchmarks;

/// <summary>What a file takes on the disk: holes are not counted, of which its length says nothing.</summary>
internal static class DiskUsage
{
    public static long Of(string path)
    {
        using var stat = Process.Start(new ProcessStartInfo("stat", ["-c", "%b %B", path]) { RedirectStandardOutput = true })!;
        string[] fields = stat.StandardOutput.ReadToEnd().Split(' ', StringSplitOptions.TrimEntries);
        stat.WaitForExit();
        return long.Parse(fields[0], CultureInfo.InvariantCulture) * long.Parse(fields[1], CultureInfo.InvariantCulture);
    }
}
