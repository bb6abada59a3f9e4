using System.Runtime.CompilerServices;

namespace PageStore.Native;

/// <summary>The handshake with the shim: done once, before anything else in it is called.</summary>
internal static class NativeAbi
{
    /// <summary><c>PS_ABI_VERSION</c> of the header this code was written for.</summary>
    internal const int Version = 11;

    private static bool _checked;

    /// <summary>Makes sure that the shim is there and speaks this version.</summary>
    /// <exception cref="UnsupportedException">There is no shim for this host, or it is another version's.</exception>
    internal static void Ensure()
    {
        // A race only checks twice.
        if (!Volatile.Read(ref _checked))
        {
            Check();
            Volatile.Write(ref _checked, true);
        }
    }

    /// <summary>Compares the shim's version and struct sizes with this code's.</summary>
    /// <param name="version">What <c>ps_abi_version</c> returned.</param>
    /// <param name="sizes">What <c>ps_abi_describe</c> filled in.</param>
    /// <exception cref="UnsupportedException">They differ.</exception>
    internal static void Compare(int version, in AbiSizes sizes)
    {
        CompareVersion(version);
        if (sizes.SizesBytes != Unsafe.SizeOf<AbiSizes>() || sizes.CapsBytes != Unsafe.SizeOf<LinuxCaps>()
            || sizes.PointerBytes != Unsafe.SizeOf<nint>() || sizes.PageBytes != Environment.SystemPageSize
            || sizes.XenInfoBytes != Unsafe.SizeOf<XenInfo>() || sizes.XenStatsBytes != Unsafe.SizeOf<XenStats>()
            || sizes.XenTscBytes != Unsafe.SizeOf<XenTsc>() || sizes.KvmCapsBytes != Unsafe.SizeOf<KvmCaps>()
            || sizes.KvmStatusBytes != Unsafe.SizeOf<KvmRawStatus>() || sizes.KvmSampleBytes != Unsafe.SizeOf<KvmProgress>()
            || sizes.LazyEventBytes != Unsafe.SizeOf<LazyRawEvent>())
        {
            throw new UnsupportedException(
                $"libpagestore_native has other struct sizes ({sizes.SizesBytes}, {sizes.CapsBytes}, {sizes.PointerBytes}, {sizes.PageBytes}, "
                + $"{sizes.XenInfoBytes}, {sizes.XenStatsBytes}, {sizes.XenTscBytes}, {sizes.KvmCapsBytes}, {sizes.KvmStatusBytes}, {sizes.KvmSampleBytes}, {sizes.LazyEventBytes}) "
                + "than PageStore.Native: take both from one PageStore.Native package.");
        }
    }

    private static void CompareVersion(int version)
    {
        if (version != Version)
        {
            throw new UnsupportedException(
                $"libpagestore_native has ABI version {version}, PageStore.Native needs {Version}: take both from one PageStore.Native package.");
        }
    }

    private static void Check()
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new UnsupportedException("PageStore.Native works on Linux only: run it on a Linux host.");
        }

        try
        {
            // The version first: with another one, nothing may be assumed of the second call.
            int version = NativeMethods.AbiVersion();
            CompareVersion(version);
            _ = NativeMethods.AbiDescribe(out AbiSizes sizes, out _);
            Compare(version, sizes);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException or BadImageFormatException)
        {
            throw new UnsupportedException(
                $"libpagestore_native.so for {System.Runtime.InteropServices.RuntimeInformation.RuntimeIdentifier} could not be loaded: "
                + "PageStore.Native must be built on, or packed with, this architecture and C library.",
                e);
        }
    }
}
