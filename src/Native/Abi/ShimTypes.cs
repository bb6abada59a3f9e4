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
}

/// <summary><c>PS_REGION_*</c>.</summary>
[Flags]
internal enum RegionOptions : uint
{
    None = 0,
    Shared = 1,
    HugePages = 2,
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
