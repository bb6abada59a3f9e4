using Microsoft.Win32.SafeHandles;

namespace PageStore.Native;

/// <summary>Owns a <c>struct ps_xen_pv</c>, the mapped tables of a PV domain, and keeps the connection that it uses.</summary>
internal sealed class XenPvHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    private readonly XenHandle _xen;

    private XenPvHandle(XenHandle xen)
        : base(ownsHandle: true) => _xen = xen;

    internal static XenPvHandle Create(XenHandle xen, in XenInfo domain)
    {
        bool added = false;
        xen.DangerousAddRef(ref added);
        try
        {
            ShimResult result = NativeMethods.XenPvNew(xen, domain, out nint pv, out int errno);
            NativeErrors.ThrowIfFailed(result, errno, $"Mapping the page tables of PV domain {domain.DomainId}");
            var made = new XenPvHandle(xen);
            made.SetHandle(pv);
            added = false;
            return made;
        }
        finally
        {
            if (added)
            {
                xen.DangerousRelease();
            }
        }
    }

    protected override bool ReleaseHandle()
    {
        bool released = NativeMethods.XenPvFree(handle, out _) == ShimResult.Ok;
        _xen.DangerousRelease();
        return released;
    }
}
