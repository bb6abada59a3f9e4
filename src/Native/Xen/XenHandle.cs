using System.Text;
using Microsoft.Win32.SafeHandles;

namespace PageStore.Native;

/// <summary>Owns a <c>struct ps_xen</c>: Xen's libraries and a connection to the hypervisor. Thread-safe, as libxenctrl is.</summary>
internal sealed class XenHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    /// <summary>Room for the names of nine libraries with their directory.</summary>
    internal const int TriedBytes = 4096;

    private XenHandle(nint xen, string? libraries)
        : base(ownsHandle: true)
    {
        SetHandle(xen);
        Libraries = libraries;
    }

    /// <summary>Where its libraries were looked for; null for where the system looks.</summary>
    internal string? Libraries { get; }

    /// <summary>Finds the libraries and connects.</summary>
    /// <param name="libraries">A directory, a libxenctrl, or null for where the system looks.</param>
    internal static unsafe XenHandle Open(string? libraries)
    {
        NativeAbi.Ensure();
        byte[] tried = new byte[TriedBytes];
        byte[]? path = libraries is null ? null : Encoding.UTF8.GetBytes(libraries + '\0');
        fixed (byte* text = tried, name = path)
        {
            ShimResult result = NativeMethods.XenOpen(name, out nint xen, text, TriedBytes, out int errno);
            if (result == ShimResult.XenLibrary)
            {
                throw XenErrors.NoLibrary(Encoding.UTF8.GetString(tried.AsSpan(0, tried.IndexOf((byte)0))));
            }

            NativeErrors.ThrowIfFailed(result, errno, "Connecting to Xen");
            return new XenHandle(xen, libraries);
        }
    }

    protected override bool ReleaseHandle() => NativeMethods.XenClose(handle, out _) == ShimResult.Ok;
}
