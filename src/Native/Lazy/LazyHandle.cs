using Microsoft.Win32.SafeHandles;

namespace PageStore.Native;

/// <summary>Owns a <c>struct ps_lazy</c>. Of memory that is unmapped meanwhile nothing is brought: the kernel knows which range was registered.</summary>
internal sealed class LazyHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    private LazyHandle(nint lazy)
        : base(ownsHandle: true) => SetHandle(lazy);

    /// <summary>Registers memory of this process.</summary>
    internal static LazyHandle Register(MemoryRegion memory)
    {
        NativeAbi.Ensure();
        bool held = false;
        System.Runtime.InteropServices.SafeBuffer mapping = memory.Mapping;
        try
        {
            mapping.DangerousAddRef(ref held);
            ShimResult result = NativeMethods.LazyRegister(mapping.DangerousGetHandle(), (ulong)memory.Length, out nint lazy, out int errno);
            NativeErrors.ThrowIfFailed(result, errno, $"Serving page faults of {memory.Length} bytes of memory");
            return new LazyHandle(lazy);
        }
        finally
        {
            if (held)
            {
                mapping.DangerousRelease();
            }
        }
    }

    /// <summary>Takes a userfaultfd of another process; the descriptor stays the caller's.</summary>
    internal static LazyHandle Adopt(SafeFileHandle descriptor)
    {
        NativeAbi.Ensure();
        ShimResult result = NativeMethods.LazyAdopt(descriptor, out nint lazy, out int errno);
        NativeErrors.ThrowIfFailed(result, errno, "Taking over a userfaultfd");
        return new LazyHandle(lazy);
    }

    protected override bool ReleaseHandle() => NativeMethods.LazyFree(handle, out _) == ShimResult.Ok;
}
