using System.Diagnostics;
using PageStore;
using PageStore.Native;

namespace XenProbe;

/// <summary>What the library's reading of the dirty log takes beside a C program's, in turns and in one process, on the same log.</summary>
internal static class LogTimes
{
    private const int RoundCount = 201;

    // XEN_DOMCTL_SHADOW_OP_ and XEN_DOMCTL_SHADOW_LOGDIRTY_FINAL, xen/include/public/domctl.h.
    private const uint Clean = 11;
    private const uint Peek = 12;
    private const uint Final = 1;

    public static string Run(XenDomain domain, ProbeLibrary library)
    {
        using var log = new XenDirtyLog(domain);
        using var written = new PageBitmap(domain.PageCount);
        log.Start();
        return $"{Compare("peek", () => log.Peek(written), () => library.ReadLog(Peek, 0))}; "
            + Compare("clean", () => log.Harvest(written), () => library.ReadLog(Clean, Final));
    }

    private static string Compare(string what, Action ours, Func<(double Call, double All)> theirs)
    {
        double[] library = new double[RoundCount];
        double[] call = new double[RoundCount];
        double[] all = new double[RoundCount];
        for (int round = 0; round < RoundCount; round++)
        {
            long start = Stopwatch.GetTimestamp();
            ours();
            library[round] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            (call[round], all[round]) = theirs();
        }

        return $"{what} {Median(library):F0} us, C {Median(all):F0} us, {Median(library) / Median(all):F2} times (the call alone {Median(call):F0} us)";
    }

    private static double Median(double[] values)
    {
        Array.Sort(values);
        return values[values.Length / 2];
    }
}
