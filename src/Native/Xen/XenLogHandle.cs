using Microsoft.Win32.SafeHandles;

namespace PageStore.Native;

/// <summary>Owns a <c>struct ps_xen_log</c>, and keeps the connection that it uses.</summary>
internal sealed class XenLogHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    private readonly XenHandle _xen;

    private XenLogHandle(XenHandle xen)
        : base(ownsHandle: true) => _xen = xen;

    internal static XenLogHandle Create(XenHandle xen, in XenInfo domain, long pageCount)
    {
        bool added = false;
        xen.DangerousAddRef(ref added);
        try
        {
            ShimResult result = NativeMethods.XenLogNew(xen, domain, (ulong)pageCount, out nint log, out int errno);
            NativeErrors.ThrowIfFailed(result, errno, $"Making a log of the {pageCount} pages of domain {domain.DomainId}");
            var made = new XenLogHandle(xen);
            made.SetHandle(log);
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
        bool released = NativeMethods.XenLogFree(handle, out _) == ShimResult.Ok;
        _xen.DangerousRelease();
        return released;
    }
}
