using Microsoft.Win32.SafeHandles;

namespace PageStore.Native;

/// <summary>Owns something of the shim's that uses a connection to Xen, and keeps that connection open for as long.</summary>
/// <param name="xen">The connection.</param>
internal abstract class XenPartHandle(XenHandle xen) : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
{
    /// <summary>A call that makes what is owned.</summary>
    protected delegate ShimResult Maker(out nint made, out int errno);

    /// <summary>Makes what is owned; to be called once. The connection is held before, so that nobody can close it meanwhile.</summary>
    /// <param name="make">Makes it.</param>
    /// <param name="what">What that is, for the message of an error.</param>
    protected void Make(Maker make, string what)
    {
        bool added = false;
        xen.DangerousAddRef(ref added);
        try
        {
            ShimResult result = make(out nint made, out int errno);
            NativeErrors.ThrowIfFailed(result, errno, what);
            SetHandle(made);
            added = false;
        }
        finally
        {
            if (added)
            {
                xen.DangerousRelease();
            }
        }
    }

    protected abstract ShimResult Free(nint owned);

    protected override bool ReleaseHandle()
    {
        bool released = Free(handle) == ShimResult.Ok;
        xen.DangerousRelease();
        return released;
    }
}
