namespace PageStore.Native;

/// <summary>
/// What this kernel and this process can do towards tracking memory, found by trying, not by version numbers. Immutable.
/// Sources: include/uapi/linux/fs.h (PAGEMAP_SCAN) and include/uapi/linux/userfaultfd.h of Linux 6.7.
/// </summary>
public sealed record LinuxTrackingCapabilities
{
    // UFFD_FEATURE_ bits, as in c/kernel_defs.h.
    private const ulong WpHugetlbfsShmem = 1UL << 12;
    private const ulong WpUnpopulated = 1UL << 13;
    private const ulong WpAsync = 1UL << 15;

    private LinuxTrackingCapabilities()
    {
    }

    /// <summary>Whether pages can be tracked here, written ones and, on shared memory, read ones: whether nothing is missing.</summary>
    public bool CanTrack => Missing is null;

    /// <summary>One line that says what the kernel lacks, or which right the process lacks, and what to do; null if nothing is missing.</summary>
    public string? Missing { get; private init; }

    /// <summary>Whether userfaultfd(2) gives a descriptor for faults from user mode, which takes no right and suffices for tracking.</summary>
    public bool HasUserfaultfd { get; private init; }

    /// <summary>Whether /dev/userfaultfd gives a descriptor: the way where a container's filter forbids the system call.</summary>
    public bool HasUserfaultfdDevice { get; private init; }

    /// <summary>
    /// Whether userfaultfd(2) gives a descriptor for faults from inside the kernel too: CAP_SYS_PTRACE or
    /// vm.unprivileged_userfaultfd=1. Tracking does not need it.
    /// </summary>
    public bool HasKernelFaults { get; private init; }

    /// <summary>Whether /proc/self/pagemap knows PAGEMAP_SCAN (Linux 6.7).</summary>
    public bool HasPagemapScan { get; private init; }

    /// <summary>Whether the first write to a page passes without a handler: UFFD_FEATURE_WP_ASYNC (Linux 6.7).</summary>
    public bool HasAsyncWriteProtect { get; private init; }

    /// <summary>Whether shared memory can be write-protected: UFFD_FEATURE_WP_HUGETLBFS_SHMEM (Linux 5.19).</summary>
    public bool HasSharedWriteProtect { get; private init; }

    /// <summary>Whether pages that do not exist yet can be write-protected: UFFD_FEATURE_WP_UNPOPULATED (Linux 6.4).</summary>
    public bool HasUnpopulatedWriteProtect { get; private init; }

    /// <summary>Tries everything. Thread-safe; takes some microseconds and leaves nothing behind.</summary>
    /// <exception cref="UnsupportedException">The shim itself cannot be used on this host.</exception>
    public static LinuxTrackingCapabilities Probe()
    {
        NativeAbi.Ensure();
        ShimResult result = NativeMethods.LinuxProbe(out LinuxCaps caps, out int errno);
        NativeErrors.ThrowIfFailed(result, errno, "Probing the kernel");
        return From(caps);
    }

    /// <summary>Reads what the shim found.</summary>
    internal static LinuxTrackingCapabilities From(in LinuxCaps caps) => new()
    {
        Missing = WhatIsMissing(caps),
        HasUserfaultfd = caps.UserfaultfdErrno == 0,
        HasUserfaultfdDevice = caps.DeviceErrno == 0,
        HasKernelFaults = caps.FullUserfaultfdErrno == 0,
        HasPagemapScan = caps.ScanErrno == 0,
        HasAsyncWriteProtect = (caps.UffdFeatures & WpAsync) != 0,
        HasSharedWriteProtect = (caps.UffdFeatures & WpHugetlbfsShmem) != 0,
        HasUnpopulatedWriteProtect = (caps.UffdFeatures & WpUnpopulated) != 0,
    };

    private static string? WhatIsMissing(in LinuxCaps caps)
    {
        if (caps.UserfaultfdErrno != 0 && caps.DeviceErrno != 0)
        {
            return WhyNoUserfaultfd(caps.UserfaultfdErrno, caps.DeviceErrno);
        }

        if ((caps.UffdFeatures & WpAsync) == 0)
        {
            return "the kernel's userfaultfd has no UFFD_FEATURE_WP_ASYNC: run Linux 6.7 or newer on a 64-bit host.";
        }

        if ((caps.UffdFeatures & WpHugetlbfsShmem) == 0 || (caps.UffdFeatures & WpUnpopulated) == 0)
        {
            return "the kernel's userfaultfd cannot write-protect shared or missing pages: run a kernel built with CONFIG_PTE_MARKER_UFFD_WP.";
        }

        if (caps.PagemapErrno != 0)
        {
            return $"/proc/self/pagemap cannot be opened ({NativeErrors.Describe(caps.PagemapErrno)}): mount /proc, and do not track "
                + "in a process that changed its user without PR_SET_DUMPABLE.";
        }

        return caps.ScanErrno == 0
            ? null
            : $"/proc/self/pagemap knows no PAGEMAP_SCAN ({NativeErrors.Describe(caps.ScanErrno)}): run Linux 6.7 or newer.";
    }

    private static string WhyNoUserfaultfd(int errno, int deviceErrno) => errno switch
    {
        NativeErrors.Enosys =>
            "the kernel has no userfaultfd: run one built with CONFIG_USERFAULTFD, or lift a seccomp filter that hides it.",
        NativeErrors.Eperm =>
            "the process may not call userfaultfd(2), most often by a container's seccomp filter: allow that system call, or make "
            + $"/dev/userfaultfd ({NativeErrors.Describe(deviceErrno)}) readable and writable for the process.",
        NativeErrors.Einval => "the kernel's userfaultfd has no UFFD_USER_MODE_ONLY: run Linux 6.7 or newer.",
        _ => $"userfaultfd(2) refused ({NativeErrors.Describe(errno)}): raise the limit of open files or free memory.",
    };
}
