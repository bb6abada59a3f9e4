namespace PageStore.Native;

/// <summary>Reads what Xen knows of a PVH or HVM domain beside its pages, as xc_domain_save does. Only of a suspended one it is the state of one moment.</summary>
internal static class XenStateReader
{
    /// <summary>
    /// xen/include/public/hvm/params.h, <c>HVM_PARAM_IOREQ_SERVER_PFN</c>: where the domain builder put the pages of a device model, and 0 for a
    /// domain that has none.
    /// </summary>
    private const uint IoreqServerPfn = 32;

    /// <summary>The parameters that Xen saves, in its order (tools/libs/guest/xg_sr_save_x86_hvm.c, write_hvm_params).</summary>
    private static readonly uint[] Parameters =
    [
        1, // STORE_PFN
        5, // IOREQ_PFN
        6, // BUFIOREQ_PFN
        27, // PAGING_RING_PFN
        28, // MONITOR_RING_PFN
        29, // SHARING_RING_PFN
        37, // VM86_TSS_SIZED
        17, // CONSOLE_PFN
        19, // ACPI_IOPORTS_LOCATION
        9, // VIRIDIAN
        12, // IDENT_PT
        34, // VM_GENERATION_ID_ADDR
        IoreqServerPfn,
        33, // NR_IOREQ_SERVER_PAGES
        36, // X87_FIP_WIDTH
        38, // MCA_CAP
    ];

    /// <summary>Whether a device model serves an HVM or PVH domain, whose state Xen does not have.</summary>
    internal static bool HasDeviceModel(XenHandle xen, in XenInfo domain) => ReadParameter(xen, domain, IoreqServerPfn) != 0;

    /// <summary>Throws unless Xen's libraries have all that reading the state takes.</summary>
    internal static void CheckLibraries(XenHandle xen)
    {
        ShimResult result = NativeMethods.XenRelease(xen, out _, out _, out int errno);
        NativeErrors.ThrowIfFailed(result, errno, "Asking for the release of Xen");
    }

    /// <summary>Reads the state.</summary>
    /// <param name="xen">The connection.</param>
    /// <param name="domain">The domain, which must stand still.</param>
    /// <param name="configuration">xl's configuration of it, or null.</param>
    internal static XenGuestState Read(XenHandle xen, in XenInfo domain, byte[]? configuration)
    {
        ShimResult result = NativeMethods.XenRelease(xen, out uint major, out uint minor, out int errno);
        NativeErrors.ThrowIfFailed(result, errno, "Asking for the release of Xen");
        result = NativeMethods.XenTscInfo(xen, domain, out XenTsc tsc, out errno);
        NativeErrors.ThrowIfFailed(result, errno, $"Reading the time stamp counter of domain {domain.DomainId}");
        byte[] context = ReadContext(xen, domain);
        (byte[] leaves, byte[] msrs) = ReadPolicy(xen, domain);
        var parameters = new KeyValuePair<uint, ulong>[Parameters.Length];
        for (int i = 0; i < parameters.Length; i++)
        {
            parameters[i] = new(Parameters[i], ReadParameter(xen, domain, Parameters[i]));
        }

        return new XenGuestState
        {
            XenMajor = (int)major,
            XenMinor = (int)minor,
            TscMode = tsc.Mode,
            TscKhz = tsc.Khz,
            TscNanoseconds = tsc.Nanoseconds,
            TscIncarnation = tsc.Incarnation,
            HvmContext = context,
            HvmParameters = parameters,
            CpuidPolicy = leaves,
            MsrPolicy = msrs,
            Configuration = configuration is null ? null : (ReadOnlyMemory<byte>?)configuration,
        };
    }

    private static ulong ReadParameter(XenHandle xen, in XenInfo domain, uint index)
    {
        ShimResult result = NativeMethods.XenHvmParam(xen, domain, index, out ulong value, out int errno);
        NativeErrors.ThrowIfFailed(result, errno, $"Reading HVM parameter {index} of domain {domain.DomainId}");
        return value;
    }

    /// <summary>The records of devices and processors.</summary>
    internal static unsafe byte[] ReadContext(XenHandle xen, in XenInfo domain)
    {
        string what = $"Reading the HVM context of domain {domain.DomainId}";
        ShimResult result = NativeMethods.XenHvmContext(xen, domain, null, 0, out ulong bytes, out int errno);
        NativeErrors.ThrowIfFailed(result, errno, what);
        byte[] context = new byte[bytes];
        fixed (byte* to = context)
        {
            result = NativeMethods.XenHvmContext(xen, domain, to, bytes, out bytes, out errno);
            NativeErrors.ThrowIfFailed(result, errno, what);
        }

        return context[..(int)bytes];
    }

    private static unsafe (byte[] Leaves, byte[] Msrs) ReadPolicy(XenHandle xen, in XenInfo domain)
    {
        // PS_CPUID_LEAF_BYTES and PS_MSR_ENTRY_BYTES.
        const int LeafBytes = 24;
        const int MsrBytes = 16;
        string what = $"Reading the CPU policy of domain {domain.DomainId}";
        uint leafCount = 0;
        uint msrCount = 0;
        ShimResult result = NativeMethods.XenCpuPolicy(xen, domain, null, ref leafCount, null, ref msrCount, out int errno);
        NativeErrors.ThrowIfFailed(result, errno, what);
        // One entry more, so that there is an address also where there is no entry.
        byte[] leaves = new byte[(leafCount + 1) * LeafBytes];
        byte[] msrs = new byte[(msrCount + 1) * MsrBytes];
        fixed (byte* toLeaves = leaves, toMsrs = msrs)
        {
            result = NativeMethods.XenCpuPolicy(xen, domain, toLeaves, ref leafCount, toMsrs, ref msrCount, out errno);
            NativeErrors.ThrowIfFailed(result, errno, what);
        }

        return (leaves[..(int)(leafCount * LeafBytes)], msrs[..(int)(msrCount * MsrBytes)]);
    }
}
