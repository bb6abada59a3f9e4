using System.Globalization;

namespace PageStore.Cli;

/// <summary>What this process takes of the host's memory.</summary>
internal static class ProcessMemory
{
    /// <summary>The sums over all mappings of a process (Documentation/ABI/testing/procfs-smaps_rollup).</summary>
    private const string Path = "/proc/self/smaps_rollup";

    private const string Field = "Pss:";

    /// <summary>Its pages, each divided by how many times it is mapped on this host.</summary>
    /// <exception cref="IOException">The kernel does not tell: it is older than 4.14.</exception>
    public static long ProportionalBytes()
    {
        string line = File.ReadLines(Path).First(line => line.StartsWith(Field, StringComparison.Ordinal));
        return 1024 * long.Parse(line.AsSpan(Field.Length).TrimEnd("kB").Trim(), CultureInfo.InvariantCulture);
    }
}
