using System.Diagnostics;
using System.Globalization;

namespace PageStore.Cli.Tests;

/// <summary>What the file system says of a file, and the runtime does not.</summary>
internal static class FileStat
{
    /// <summary>How many bytes it takes on the disk: fewer than its length where it has holes.</summary>
    public static long BytesTaken(string file) => 512 * long.Parse(Ask(file, "%b"), CultureInfo.InvariantCulture);

    /// <summary>Who may do what, in octal.</summary>
    public static string Mode(string file) => Ask(file, "%a");

    private static string Ask(string file, string format)
    {
        using Process stat = Process.Start(new ProcessStartInfo("stat", ["-c", format, file]) { RedirectStandardOutput = true })!;
        return stat.StandardOutput.ReadToEnd().Trim();
    }
}
