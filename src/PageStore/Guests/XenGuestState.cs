namespace PageStore;

/// <summary>
/// What Xen tells of a suspended PVH or HVM domain beside its pages: all that its restorer needs (Xen's tools/libs/guest/xg_sr_save_x86_hvm.c).
/// </summary>
public sealed record XenGuestState
{
    /// <summary>The release of the hypervisor: 4 of 4.17.</summary>
    public required int XenMajor { get; init; }

    /// <summary>17 of 4.17.</summary>
    public required int XenMinor { get; init; }

    /// <summary>How the time stamp counter is presented (xen/include/public/arch-x86, <c>TSC_MODE_*</c>).</summary>
    public required uint TscMode { get; init; }

    /// <summary>The frequency of the time stamp counter, in kHz.</summary>
    public required uint TscKhz { get; init; }

    /// <summary>The time that the guest has run, in nanoseconds.</summary>
    public required ulong TscNanoseconds { get; init; }

    /// <summary>How often the guest was restored.</summary>
    public required uint TscIncarnation { get; init; }

    /// <summary>The records of xc_domain_hvm_getcontext (xen/include/public/arch-x86/hvm/save.h).</summary>
    public required ReadOnlyMemory<byte> HvmContext { get; init; }

    /// <summary>HVM parameters by number (xen/include/public/hvm/params.h); those that are 0 may be left out.</summary>
    public required IReadOnlyList<KeyValuePair<uint, ulong>> HvmParameters { get; init; }

    /// <summary>The CPUID policy, 24 bytes a leaf (<c>xen_cpuid_leaf_t</c>).</summary>
    public required ReadOnlyMemory<byte> CpuidPolicy { get; init; }

    /// <summary>The policy of model specific registers, 16 bytes each (<c>xen_msr_entry_t</c>).</summary>
    public required ReadOnlyMemory<byte> MsrPolicy { get; init; }

    /// <summary>The domain's configuration as xl keeps it, JSON; null where xl did not make the domain.</summary>
    public ReadOnlyMemory<byte>? Configuration { get; init; }
}
