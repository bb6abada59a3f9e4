namespace PageStore.Native;

/// <summary>Owns a <c>struct ps_xen_pv</c>: the mapped tables of a PV domain.</summary>
internal sealed class XenPvHandle : DependentHandle
{
    private XenPvHandle(XenHandle xen)
        : base(xen)
    {
    }

    internal static XenPvHandle Create(XenHandle xen, XenInfo domain)
    {
        var tables = new XenPvHandle(xen);
        tables.Make(
            (out nint made, out int errno) => NativeMethods.XenPvNew(xen, domain, out made, out errno),
            $"Mapping the page tables of PV domain {domain.DomainId}");
        return tables;
    }

    protected override ShimResult Free(nint owned) => NativeMethods.XenPvFree(owned, out _);
}
