using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PageStore.Native;

/// <summary>Owns a <c>struct ps_kvm</c>, and keeps the memory of its guest mapped. Thread-safe.</summary>
internal sealed class KvmHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    private readonly SafeBuffer _memory;

    private KvmHandle(SafeBuffer memory)
        : base(ownsHandle: true) => _memory = memory;

    internal static KvmHandle Create(SafeBuffer memory, int ringBytes)
    {
        NativeAbi.Ensure();
        bool added = false;
        memory.DangerousAddRef(ref added);
        try
        {
            ShimResult result = NativeMethods.KvmNew(memory.DangerousGetHandle(), memory.ByteLength, (uint)ringBytes, out nint kvm, out int errno);
            NativeErrors.ThrowIfFailed(result, errno, $"Making a KVM machine of {memory.ByteLength} bytes of memory");
            var made = new KvmHandle(memory);
            made.SetHandle(kvm);
            added = false;
            return made;
        }
        finally
        {
            if (added)
            {
                memory.DangerousRelease();
            }
        }
    }

    protected override bool ReleaseHandle()
    {
        bool released = NativeMethods.KvmFree(handle, out _) == ShimResult.Ok;
        _memory.DangerousRelease();
        return released;
    }
}
