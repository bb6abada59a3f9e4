using System.Globalization;

namespace PageStore.Fuzz;

/// <summary>The most memory that the process may ever hold, whatever the input.</summary>
internal static class MemoryLimit
{
    public const long Bytes = 256L << 20;

    /// <summary>The highest resident set that the process ever had, as the kernel counts it.</summary>
    public static long Peak()
    {
        foreach (string line in File.ReadLines("/proc/self/status"))
        {
            if (line.StartsWith("VmHWM:", StringComparison.Ordinal))
            {
                return long.Parse(line.AsSpan(6, line.Length - 6 - " kB".Length).Trim(), CultureInfo.InvariantCulture) << 10;
            }
        }

        throw new InvalidOperationException("/proc/self/status has no line VmHWM.");
    }
}
