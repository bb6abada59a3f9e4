using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PageStore.Native;

/// <summary>Owns something of the shim's that uses something else, and keeps that alive for as long.</summary>
/// <param name="used">What is used: memory, or a connection.</param>
internal abstract class DependentHandle(SafeHandle used) : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
{
    /// <summary>A call that makes what is owned.</summary>
    protected delegate ShimResult Maker(out nint made, out int errno);

    /// <summary>Makes what is owned; to be called once. What is used is held before, so that nobody can close it meanwhile.</summary>
    /// <param name="make">Makes it.</param>
    /// <param name="what">What that is, for the message of an error.</param>
    protected void Make(Maker make, string what)
    {
        bool added = false;
        used.DangerousAddRef(ref added);
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
                used.DangerousRelease();
            }
        }
    }

    protected abstract ShimResult Free(nint owned);

    protected override bool ReleaseHandle()
    {
        bool released = Free(handle) == ShimResult.Ok;
        used.DangerousRelease();
        return released;
    }
}
