using System.Text;
using Microsoft.Win32.SafeHandles;

namespace PageStore.Native;

/// <summary>Owns a <c>struct ps_xen_store</c>: a connection to xenstore. For one caller at a time.</summary>
internal sealed class XenStoreHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    /// <summary>The longest value that xenstore holds (Xen's xs_wire.h, <c>XENSTORE_PAYLOAD_MAX</c>).</summary>
    private const int MaxValueBytes = 4096;

    private XenStoreHandle(nint store)
        : base(ownsHandle: true) => SetHandle(store);

    /// <summary>Finds libxenstore and connects.</summary>
    /// <param name="libraries">A directory, a libxenctrl, or null for where the system looks.</param>
    internal static unsafe XenStoreHandle Open(string? libraries)
    {
        NativeAbi.Ensure();
        byte[] tried = new byte[XenHandle.TriedBytes];
        byte[]? path = libraries is null ? null : Encoding.UTF8.GetBytes(libraries + '\0');
        fixed (byte* text = tried, name = path)
        {
            ShimResult result = NativeMethods.XenStoreOpen(name, out nint store, text, (ulong)tried.Length, out int errno);
            if (result == ShimResult.XenLibrary)
            {
                throw XenErrors.NoLibrary(Encoding.UTF8.GetString(tried.AsSpan(0, tried.IndexOf((byte)0))));
            }

            NativeErrors.ThrowIfFailed(result, errno, "Connecting to xenstore");
            return new XenStoreHandle(store);
        }
    }

    /// <summary>The value of an entry; null if there is none.</summary>
    internal unsafe string? Read(string path)
    {
        byte[] value = new byte[MaxValueBytes];
        fixed (byte* to = value)
        {
            ShimResult result = NativeMethods.XenStoreRead(this, path, to, MaxValueBytes, out ulong bytes, out int errno);
            if (result == ShimResult.XenStore && errno == NativeErrors.Enoent)
            {
                return null;
            }

            NativeErrors.ThrowIfFailed(result, errno, $"Reading {path} of xenstore");
            return Encoding.UTF8.GetString(value.AsSpan(0, (int)Math.Min(bytes, MaxValueBytes)));
        }
    }

    /// <summary>Writes a value; the entry is made if there is none.</summary>
    internal void Write(string path, string value)
    {
        ShimResult result = NativeMethods.XenStoreWrite(this, path, value, out int errno);
        NativeErrors.ThrowIfFailed(result, errno, $"Writing {path} of xenstore");
    }

    /// <summary>Writes a value if another one stands there, in one step; false if that does not.</summary>
    internal bool TryReplace(string path, string expected, string value)
    {
        ShimResult result = NativeMethods.XenStoreReplace(this, path, expected, value, out uint replaced, out int errno);
        NativeErrors.ThrowIfFailed(result, errno, $"Replacing {path} of xenstore");
        return replaced != 0;
    }

    /// <summary>Tells xenstore that a domain runs again that was suspended, or its end would not be announced.</summary>
    internal void TellResumed(uint domainId)
    {
        ShimResult result = NativeMethods.XenStoreResumed(this, domainId, out int errno);
        NativeErrors.ThrowIfFailed(result, errno, $"Telling xenstore that domain {domainId} runs again, as it does,");
    }

    protected override bool ReleaseHandle() => NativeMethods.XenStoreClose(handle, out _) == ShimResult.Ok;
}
