namespace PageStore.Native;

/// <summary>Owns a <c>struct ps_xen_log</c>.</summary>
internal sealed class XenLogHandle : DependentHandle
{
    private XenLogHandle(XenHandle xen)
        : base(xen)
    {
    }

    internal static XenLogHandle Create(XenHandle xen, XenInfo domain, long pageCount)
    {
        var log = new XenLogHandle(xen);
        log.Make(
            (out nint made, out int errno) => NativeMethods.XenLogNew(xen, domain, (ulong)pageCount, out made, out errno),
            $"Making a log of the {pageCount} pages of domain {domain.DomainId}");
        return log;
    }

    protected override ShimResult Free(nint owned) => NativeMethods.XenLogFree(owned, out _);
}
