using System.Globalization;

namespace PageStore.Native.Tests;

/// <summary>What /proc/self/smaps says of huge pages.</summary>
internal static class HugePages
{
    /// <summary>Whether at least a part of a private region is mapped by transparent huge pages now.</summary>
    internal static unsafe bool Back(MemoryRegion region)
    {
        long first;
        fixed (byte* address = region.GetSpan(0, 1))
        {
            first = (long)address;
        }

        bool inside = false;
        foreach (string line in File.ReadLines("/proc/self/smaps"))
        {
            if (TryParseRange(line, out long start, out long end))
            {
                // The kernel may have merged the region with a neighbour.
                inside = start < first + region.Length && end > first;
            }
            else if (inside && line.StartsWith("AnonHugePages:", StringComparison.Ordinal))
            {
                return !line.EndsWith(" 0 kB", StringComparison.Ordinal);
            }
        }

        return false;
    }

    private static bool TryParseRange(string line, out long start, out long end)
    {
        start = end = 0;
        int dash = line.IndexOf('-', StringComparison.Ordinal);
        int space = line.IndexOf(' ', StringComparison.Ordinal);
        return dash > 0 && space > dash
            && long.TryParse(line.AsSpan(0, dash), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out start)
            && long.TryParse(line.AsSpan(dash + 1, space - dash - 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out end);
    }
}
