using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PageStore;

[assembly: DisableRuntimeMarshalling]

namespace XenProbe;

/// <summary>c/probe.c: a guest as Xen's own libraries show it, beside the library under test. Lives as long as the process.</summary>
internal sealed unsafe partial class ProbeLibrary
{
    private readonly nint _probe;
    private readonly long _pageCount;

    public ProbeLibrary(uint domain, long pageCount)
    {
        _probe = Open(domain, (ulong)pageCount);
        _pageCount = pageCount;
        if (_probe == 0)
        {
            throw new ProbeException("Xen's libraries could not be opened.");
        }
    }

    /// <summary>A page of the guest, to read and write.</summary>
    public ulong* MapPage(Pfn pfn)
    {
        ulong* page = Map(_probe, (ulong)pfn.Value);
        return page is not null ? page : throw new ProbeException($"Page {pfn} could not be mapped.");
    }

    /// <summary>A sum for each page of the guest, 0 for a hole.</summary>
    public void SumAll(Span<ulong> sums)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sums.Length, _pageCount);
        fixed (ulong* to = sums)
        {
            Check(SumAll(_probe, to));
        }
    }

    /// <summary>A sum for each page that backends may write to, 0 for all others.</summary>
    public void SumGranted(Span<ulong> sums)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sums.Length, _pageCount);
        fixed (ulong* to = sums)
        {
            Check(SumGranted(_probe, to));
        }
    }

    /// <summary>Reads the log, which is on.</summary>
    /// <param name="operation">XEN_DOMCTL_SHADOW_OP_CLEAN or PEEK.</param>
    /// <param name="mode">0, or XEN_DOMCTL_SHADOW_LOGDIRTY_FINAL.</param>
    /// <returns>Microseconds that the call of libxenctrl took, and those until the pages were in a bitmap of the caller.</returns>
    public (double Call, double All) ReadLog(uint operation, uint mode) =>
        ReadLog(_probe, operation, mode, out ulong call, out ulong all) == 0 ? (call / 1000.0, all / 1000.0) : throw new ProbeException("Xen refused the log.");

    private static void Check(int result)
    {
        if (result != 0)
        {
            throw new ProbeException("The guest could not be read.");
        }
    }

    [LibraryImport("xenprobe", EntryPoint = "probe_open")]
    private static partial nint Open(uint domain, ulong pages);

    [LibraryImport("xenprobe", EntryPoint = "probe_map")]
    private static partial ulong* Map(nint probe, ulong pfn);

    [LibraryImport("xenprobe", EntryPoint = "probe_sum_all")]
    private static partial int SumAll(nint probe, ulong* sums);

    [LibraryImport("xenprobe", EntryPoint = "probe_sum_granted")]
    private static partial int SumGranted(nint probe, ulong* sums);

    [LibraryImport("xenprobe", EntryPoint = "probe_read_log")]
    private static partial int ReadLog(nint probe, uint operation, uint mode, out ulong call, out ulong all);
}
