using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace PageStore.Native;

/// <summary><c>enum ps_result</c>: which step failed. The errno beside it says why.</summary>
internal enum ShimResult
{
    Ok = 0,
    Argument = 1,
    State = 2,
    Memory = 3,
    Pagemap = 4,
    Userfaultfd = 5,
    Features = 6,
    Register = 7,
    Scan = 8,
    Drop = 9,
    Read = 10,
    Signal = 11,
    Fault = 12,
    XenLibrary = 13,
    XenInterface = 14,
    XenVersion = 15,
    XenDomain = 16,
    XenGone = 17,
    XenPv = 18,
    XenEnable = 19,
    XenBitmap = 20,
    XenGrown = 21,
    XenPause = 22,
    XenTypes = 23,
    XenMap = 24,
    XenState = 25,
    XenResume = 26,
    XenStore = 27,
    KvmOpen = 28,
    KvmCreate = 29,
    KvmState = 30,
    KvmBlob = 31,
    KvmLog = 32,
    LazyOpen = 33,
    LazyEvents = 34,
    LazyFill = 35,
    Socket = 36,
    Lz4Library = 37,
    Lz4Block = 38,
    Seals = 39,
}

/// <summary><c>PS_REGION_*</c>.</summary>
[Flags]
internal enum RegionOptions : uint
{
    None = 0,
    Shared = 1,
    HugePages = 2,
    Sealable = 4,
}

/// <summary><c>PS_TRACK_*</c>.</summary>
[Flags]
internal enum TrackOptions : uint
{
    None = 0,
    Reads = 1,
}

/// <summary><c>struct ps_abi_sizes</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AbiSizes
{
    internal uint SizesBytes;
    internal uint CapsBytes;
    internal uint PointerBytes;
    internal uint PageBytes;
    internal uint XenInfoBytes;
    internal uint XenStatsBytes;
    internal uint XenTscBytes;
    internal uint KvmCapsBytes;
    internal uint KvmStatusBytes;
    internal uint KvmSampleBytes;
    internal uint LazyEventBytes;
}

/// <summary><c>struct ps_linux_caps</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LinuxCaps
{
    internal ulong UffdFeatures;
    internal int UserfaultfdErrno;
    internal int DeviceErrno;
    internal int PagemapErrno;
    internal int ScanErrno;
    internal int FullUserfaultfdErrno;
    internal uint Reserved;
}

/// <summary>The flags of <c>struct ps_xen_info</c>; <see cref="XenInfo.ShutdownReason"/> stands above them.</summary>
[Flags]
internal enum XenFlags : uint
{
    None = 0,
    Hvm = 1,
    Paused = 2,
    Dying = 4,
    Shutdown = 8,
}

/// <summary>The flags of <c>ps_xen_log_read</c>.</summary>
[Flags]
internal enum XenReadOptions : uint
{
    Peek = 0,
    Clean = 1,
    Final = 2,
}

/// <summary>A UUID as <c>struct ps_xen_info</c> holds it.</summary>
[InlineArray(16)]
internal struct UuidBytes
{
    private byte _first;
}

/// <summary><c>struct ps_xen_info</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct XenInfo
{
    internal uint DomainId;
    internal XenFlags Flags;
    internal ulong AllocatedPages;
    internal UuidBytes Uuid;

    /// <summary><c>PS_XEN_REASON_SHIFT</c>.</summary>
    private const int ReasonShift = 24;

    /// <summary>The code with which the guest shut down (xen/include/public/sched.h, <c>SHUTDOWN_*</c>), if it did.</summary>
    internal readonly uint ShutdownReason => (uint)Flags >> ReasonShift;
}

/// <summary><c>struct ps_xen_stats</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct XenStats
{
    internal uint Faults;
    internal uint Dirtied;
}

/// <summary><c>struct ps_xen_tsc</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct XenTsc
{
    internal uint Mode;
    internal uint Khz;
    internal ulong Nanoseconds;
    internal uint Incarnation;
    internal uint Reserved;
}

/// <summary><c>struct ps_lazy_event</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LazyRawEvent
{
    internal LazyRawKind Kind;
    internal uint Write;
    internal ulong Address;
    internal ulong Bytes;
}

/// <summary><c>enum ps_lazy_kind</c>.</summary>
internal enum LazyRawKind : uint
{
    Fault = 1,
    Removed = 2,
    Moved = 3,
}

/// <summary>What <c>ps_lazy_wait</c> saw.</summary>
[Flags]
internal enum LazySignals : uint
{
    None = 0,
    Events = 1,
    Woken = 2,
    Peer = 4,
}
