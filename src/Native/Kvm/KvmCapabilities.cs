namespace PageStore.Native;

/// <summary>
/// What this kernel and this process can do towards running guests by KVM, found by trying. Immutable.
/// Source: the kernel's Documentation/virt/kvm/api.rst.
/// </summary>
public sealed record KvmCapabilities
{
    private KvmCapabilities()
    {
    }

    /// <summary>Whether a <see cref="KvmMachine"/> can be made here: whether nothing is missing.</summary>
    public bool CanRun => Missing is null;

    /// <summary>One line that says what the host lacks, or which right the process lacks, and what to do; null if nothing is missing.</summary>
    public string? Missing { get; private init; }

    /// <summary>Whether a <see cref="KvmDirtyLog"/> can be had (KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, Linux 5.2).</summary>
    public bool HasDirtyLog { get; private init; }

    /// <summary>The largest dirty ring in bytes, 16 a page (KVM_CAP_DIRTY_LOG_RING, Linux 5.11); 0 without.</summary>
    public int MaxDirtyRingBytes { get; private init; }

    /// <summary>Tries everything. Thread-safe; takes less than a millisecond and leaves nothing behind.</summary>
    /// <exception cref="UnsupportedException">The shim itself cannot be used on this host.</exception>
    public static KvmCapabilities Probe()
    {
        NativeAbi.Ensure();
        ShimResult result = NativeMethods.KvmProbe(out KvmCaps caps, out int errno);
        NativeErrors.ThrowIfFailed(result, errno, "Probing KVM");
        return From(caps);
    }

    /// <summary>Reads what the shim found.</summary>
    internal static KvmCapabilities From(in KvmCaps caps) => new()
    {
        Missing = WhatIsMissing(caps),
        HasDirtyLog = (caps.ManualProtect & 1) != 0, // KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE
        MaxDirtyRingBytes = (int)caps.RingBytes,
    };

    private static string? WhatIsMissing(in KvmCaps caps)
    {
        if (caps.DeviceErrno != 0)
        {
            return WhyNoDevice(caps.DeviceErrno);
        }

        if ((caps.Missing & KvmLacks.Version) != 0)
        {
            return $"/dev/kvm speaks version {caps.ApiVersion} of its interface: run Linux 2.6.22 or newer.";
        }

        if (caps.Missing != KvmLacks.None)
        {
            return $"/dev/kvm lacks what a machine needs ({caps.Missing}): run Linux 4.13 or newer.";
        }

        return caps.MachineErrno == 0
            ? null
            : $"/dev/kvm makes no machine ({NativeErrors.Describe(caps.MachineErrno)}): free memory, or end another hypervisor that holds the processor.";
    }

    private static string WhyNoDevice(int errno) => errno switch
    {
        NativeErrors.Enoent =>
            "there is no /dev/kvm: load the module kvm_intel or kvm_amd, or, in a virtual machine or a container, have its host pass KVM on.",
        NativeErrors.Enosys => "PageStore runs guests by KVM on x86-64 only.",
        NativeErrors.Eperm or NativeErrors.Eacces =>
            $"the process may not open /dev/kvm ({NativeErrors.Describe(errno)}): run as root, or as a member of the group kvm.",
        _ => $"/dev/kvm cannot be opened ({NativeErrors.Describe(errno)}): see that the processor's virtualization is turned on in the firmware.",
    };
}
