using System.Globalization;
using System.Runtime.InteropServices;

namespace PageStore.Native;

/// <summary>What the kernel says that a mapping takes (proc_pid_smaps(5)).</summary>
/// <param name="ResidentBytes">Of its pages, those that are in this process's page table.</param>
/// <param name="ProportionalBytes">The same, each page divided by how often it is mapped on this host (PSS): sums over mappings count no page twice.</param>
/// <param name="AnonymousBytes">Of the resident ones, those that are the mapping's own.</param>
/// <param name="SwappedBytes">Of its own, those that are swapped out.</param>
public readonly record struct RegionUsage(long ResidentBytes, long ProportionalBytes, long AnonymousBytes, long SwappedBytes)
{
    private const string Path = "/proc/self/smaps";

    /// <summary>The unit of the fields.</summary>
    private const int FieldBytes = 1024;

    /// <summary>Reads the account of a mapping, of whose range nothing else is mapped; the kernel may have divided it.</summary>
    /// <exception cref="StorageException">It cannot be read.</exception>
    internal static RegionUsage Read(SafeBuffer mapping)
    {
        bool held = false;
        try
        {
            mapping.DangerousAddRef(ref held);
            ulong start = (ulong)mapping.DangerousGetHandle();
            return Sum(File.ReadLines(Path), start, start + mapping.ByteLength);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"What memory takes cannot be read from {Path} ({failure.Message}): it needs /proc.", failure);
        }
        finally
        {
            if (held)
            {
                mapping.DangerousRelease();
            }
        }
    }

    /// <summary>Adds up what lines of smaps say of the mappings in a range.</summary>
    internal static RegionUsage Sum(IEnumerable<string> lines, ulong start, ulong end)
    {
        RegionUsage sum = default;
        bool inside = false;
        foreach (string line in lines)
        {
            if (TryReadStart(line, out ulong at))
            {
                // In the order of addresses.
                if (at >= end)
                {
                    break;
                }

                inside = at >= start;
            }
            else if (inside)
            {
                sum = sum.Add(line);
            }
        }

        return sum;
    }

    /// <summary>The first line of a mapping begins with its addresses, all others with a capital letter.</summary>
    private static bool TryReadStart(string line, out ulong start)
    {
        start = 0;
        int dash = line.IndexOf('-', StringComparison.Ordinal);
        return dash > 0 && ulong.TryParse(line.AsSpan(0, dash), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out start);
    }

    private RegionUsage Add(string line)
    {
        int colon = line.IndexOf(':', StringComparison.Ordinal);
        return line.AsSpan(0, Math.Max(colon, 0)) switch
        {
            "Rss" => this with { ResidentBytes = ResidentBytes + Bytes(line, colon) },
            "Pss" => this with { ProportionalBytes = ProportionalBytes + Bytes(line, colon) },
            "Anonymous" => this with { AnonymousBytes = AnonymousBytes + Bytes(line, colon) },
            "Swap" => this with { SwappedBytes = SwappedBytes + Bytes(line, colon) },
            _ => this,
        };
    }

    private static long Bytes(string line, int colon) =>
        FieldBytes * long.Parse(line.AsSpan(colon + 1).TrimEnd("kB").Trim(), CultureInfo.InvariantCulture);
}
