using System.Runtime.InteropServices;

namespace PageStore.Native;

/// <summary>Owns a mapping made by the shim: unmapped when the last user lets go.</summary>
internal sealed class RegionHandle : SafeBuffer
{
    internal RegionHandle(nint address, ulong bytes)
        : base(ownsHandle: true)
    {
        SetHandle(address);
        Initialize(bytes);
    }

    protected override bool ReleaseHandle() => NativeMethods.RegionUnmap(handle, ByteLength, out _) == ShimResult.Ok;
}
