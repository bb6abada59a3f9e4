using Microsoft.Win32.SafeHandles;

namespace PageStore.Native;

/// <summary>Owns a <c>struct ps_view</c>: a second mapping of a memfd, to read it without touching the guest's. Thread-safe.</summary>
internal sealed class ViewHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    private ViewHandle(nint view)
        : base(ownsHandle: true) => SetHandle(view);

    internal static ViewHandle Create(SafeFileHandle file, long bytes)
    {
        ShimResult result = NativeMethods.ViewNew(file, (ulong)bytes, out nint view, out int errno);
        NativeErrors.ThrowIfFailed(result, errno, $"Mapping {bytes} bytes of a memfd to read them");
        return new ViewHandle(view);
    }

    /// <summary>Copies whole pages.</summary>
    internal unsafe void Copy(long offset, Span<byte> destination)
    {
        fixed (byte* to = destination)
        {
            ShimResult result = NativeMethods.ViewCopy(this, (ulong)offset, to, (ulong)destination.Length, out int errno);
            if (result != ShimResult.Ok)
            {
                // Not ThrowIfFailed: its message would be made for every copy.
                throw NativeErrors.Make(result, errno, $"Reading {destination.Length} bytes of the guest's memfd from byte {offset} on");
            }
        }
    }

    protected override bool ReleaseHandle() => NativeMethods.ViewFree(handle, out _) == ShimResult.Ok;
}
