using System.Runtime.InteropServices;
using PageStore;

namespace XenProbe;

/// <summary>The sum of a page and of its type: as c/probe.c makes it.</summary>
internal static class PageSum
{
    /// <summary>The sum of a hole, and of nothing else.</summary>
    public const ulong Hole = 0;

    public static ulong Of(GuestPageType type, ReadOnlySpan<byte> page)
    {
        ulong sum = (ulong)type;
        foreach (ulong word in MemoryMarshal.Cast<byte, ulong>(page))
        {
            sum = (sum ^ word) * 0x9e3779b97f4a7c15;
            sum ^= sum >> 32;
        }

        return sum == Hole ? 1 : sum;
    }
}
