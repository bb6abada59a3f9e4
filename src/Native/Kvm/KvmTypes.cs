using System.Runtime.InteropServices;

namespace PageStore.Native;

/// <summary><c>struct ps_kvm_caps</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmCaps
{
    internal int DeviceErrno;
    internal int MachineErrno;
    internal uint ApiVersion;
    internal KvmLacks Missing;
    internal uint ManualProtect;
    internal uint RingBytes;
}

/// <summary><c>PS_KVM_LACKS_*</c>.</summary>
[Flags]
internal enum KvmLacks : uint
{
    None = 0,
    Version = 1,
    Memory = 2,
    ImmediateExit = 4,
    State = 8,
}

/// <summary><c>struct ps_kvm_status</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmRawStatus
{
    internal KvmState State;
    internal KvmStopReason Reason;
    internal uint Code;
    internal int StopErrno;
    internal ulong Address;
    internal ulong Samples;
    internal ulong ConsoleBytes;
    internal uint Answer;
    internal uint Reserved;
}

/// <summary>The flags of <c>ps_kvm_log_read</c>.</summary>
[Flags]
internal enum KvmReadOptions : uint
{
    Peek = 0,
    Clean = 1,
}

/// <summary>The flags of <c>ps_kvm_load</c>.</summary>
[Flags]
internal enum KvmLoadOptions : uint
{
    None = 0,
    Ring0 = 1,
    SmallPages = 2,
}
