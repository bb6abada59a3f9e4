using System.Runtime.InteropServices;

namespace PageStore.Native;

/// <summary>Owns a <c>struct ps_kvm</c>, and keeps the memory of its guest mapped. Thread-safe.</summary>
internal sealed class KvmHandle : DependentHandle
{
    private KvmHandle(SafeBuffer memory)
        : base(memory)
    {
    }

    internal static KvmHandle Create(SafeBuffer memory, int ringBytes)
    {
        NativeAbi.Ensure();
        var kvm = new KvmHandle(memory);
        kvm.Make(
            (out nint made, out int errno) => NativeMethods.KvmNew(memory.DangerousGetHandle(), memory.ByteLength, (uint)ringBytes, out made, out errno),
            $"Making a KVM machine of {memory.ByteLength} bytes of memory");
        return kvm;
    }

    protected override ShimResult Free(nint owned) => NativeMethods.KvmFree(owned, out _);
}
