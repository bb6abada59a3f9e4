using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PageStore.Native;

/// <summary>The functions of c/ps_abi.h, as they are. docs/native-abi.md describes them.</summary>
internal static unsafe partial class NativeMethods
{
    /// <summary>libpagestore_native.so, beside the assembly or among the application's native assets.</summary>
    internal const string Library = "pagestore_native";

    [LibraryImport(Library, EntryPoint = "ps_abi_version")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial int AbiVersion();

    [LibraryImport(Library, EntryPoint = "ps_abi_describe")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult AbiDescribe(out AbiSizes sizes, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_linux_probe")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult LinuxProbe(out LinuxCaps caps, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_region_map")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult RegionMap(ulong bytes, RegionOptions options, out nint address, out int fd, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_region_unmap")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult RegionUnmap(nint address, ulong bytes, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_base_seal")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult BaseSeal(SafeFileHandle fd, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_base_size")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult BaseSize(SafeFileHandle fd, out ulong bytes, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_base_map")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult BaseMap(SafeFileHandle fd, ulong bytes, out nint address, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_base_touch")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult BaseTouch(SafeFileHandle fd, SafeBuffer mapping, ulong bytes, out ulong dataBytes, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_base_own")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult BaseOwn(SafeBuffer mapping, ulong first, ulong pageCount, ulong* words, ulong wordCount, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_view_new")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult ViewNew(SafeFileHandle fd, ulong bytes, out nint view, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_view_free")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult ViewFree(nint view, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_view_copy")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult ViewCopy(ViewHandle view, ulong offset, byte* destination, ulong bytes, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_guard_install")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult GuardInstall(out int errno);

    [LibraryImport(Library, EntryPoint = "ps_guard_copy")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult GuardCopy(nint source, byte* destination, ulong bytes, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_track_new")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult TrackNew(nint address, ulong bytes, TrackOptions options, out nint track, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_track_free")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult TrackFree(nint track, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_track_start")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult TrackStart(TrackHandle track, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_track_stop")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult TrackStop(TrackHandle track, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_track_peek")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult TrackPeek(
        TrackHandle track, ulong first, ulong pageCount, ulong* written, ulong wordCount, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_track_harvest")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult TrackHarvest(
        TrackHandle track, ulong first, ulong pageCount, ulong* written, ulong wordCount, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_track_harvest_accesses")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult TrackHarvestAccesses(
        TrackHandle track, ulong first, ulong pageCount, ulong* written, ulong* read, ulong wordCount, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_xen_open")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult XenOpen(byte* path, out nint xen, byte* tried, ulong triedBytes, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_xen_close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult XenClose(nint xen, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_xen_next")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult XenNext(XenHandle xen, uint from, out XenInfo info, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_xen_pages")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult XenPages(XenHandle xen, in XenInfo domain, out ulong pages, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_xen_pause")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult XenPause(XenHandle xen, in XenInfo domain, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_xen_unpause")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult XenUnpause(XenHandle xen, in XenInfo domain, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_xen_copy")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult XenCopy(
        XenHandle xen, in XenInfo domain, ulong first, ulong pageCount, byte* destination, GuestPageType* types, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_xen_pv_new")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult XenPvNew(XenHandle xen, in XenInfo domain, out nint pv, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_xen_pv_free")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult XenPvFree(nint pv, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_xen_pv_copy")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult XenPvCopy(XenPvHandle pv, ulong first, ulong pageCount, byte* destination, GuestPageType* types, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_xen_log_new")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult XenLogNew(XenHandle xen, in XenInfo domain, ulong pages, out nint log, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_xen_log_free")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult XenLogFree(nint log, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_xen_log_start")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult XenLogStart(XenLogHandle log, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_xen_log_stop")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult XenLogStop(XenLogHandle log, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_xen_log_read")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult XenLogRead(XenLogHandle log, XenReadOptions options, out byte* bits, out XenStats stats, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_xen_clear_accessed")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult XenClearAccessed(
        XenHandle xen, in XenInfo domain, Pfn* tables, ulong* entries, ulong count, out ulong cleared, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_xen_release")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult XenRelease(XenHandle xen, out uint major, out uint minor, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_xen_hvm_param")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult XenHvmParam(XenHandle xen, in XenInfo domain, uint index, out ulong value, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_xen_tsc_info")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult XenTscInfo(XenHandle xen, in XenInfo domain, out XenTsc tsc, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_xen_hvm_context")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult XenHvmContext(XenHandle xen, in XenInfo domain, byte* context, ulong capacity, out ulong bytes, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_xen_cpu_policy")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult XenCpuPolicy(
        XenHandle xen, in XenInfo domain, byte* leaves, ref uint leafCount, byte* msrs, ref uint msrCount, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_xen_resume")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult XenResume(XenHandle xen, in XenInfo domain, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_xen_store_open")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult XenStoreOpen(byte* path, out nint store, byte* tried, ulong triedBytes, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_xen_store_close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult XenStoreClose(nint store, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_xen_store_read", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult XenStoreRead(XenStoreHandle store, string path, byte* value, ulong capacity, out ulong bytes, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_xen_store_write", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult XenStoreWrite(XenStoreHandle store, string path, string value, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_xen_store_replace", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult XenStoreReplace(
        XenStoreHandle store, string path, string expected, string value, out uint replaced, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_xen_store_resumed")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult XenStoreResumed(XenStoreHandle store, uint domid, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_kvm_probe")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult KvmProbe(out KvmCaps caps, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_kvm_new")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult KvmNew(nint address, ulong bytes, uint ringBytes, out nint kvm, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_kvm_free")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult KvmFree(nint kvm, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_kvm_load")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult KvmLoad(
        KvmHandle kvm, byte* program, ulong programBytes, ulong address, ulong entry, KvmLoadOptions options, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_kvm_run")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult KvmRun(KvmHandle kvm, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_kvm_pause")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult KvmPause(KvmHandle kvm, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_kvm_wait")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult KvmWait(KvmHandle kvm, uint milliseconds, out KvmRawStatus status, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_kvm_input")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult KvmInput(KvmHandle kvm, uint value, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_kvm_progress")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult KvmProgress(
        KvmHandle kvm, ref ulong from, KvmProgress* samples, ulong capacity, out ulong count, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_kvm_console")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult KvmConsole(KvmHandle kvm, ref ulong from, byte* text, ulong capacity, out ulong count, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_kvm_state_get")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult KvmStateGet(KvmHandle kvm, byte* blob, ulong capacity, out ulong bytes, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_kvm_state_set")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult KvmStateSet(KvmHandle kvm, byte* blob, ulong bytes, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_kvm_root")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult KvmRoot(KvmHandle kvm, out ulong page, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_kvm_clear_accessed")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult KvmClearAccessed(KvmHandle kvm, Pfn* tables, ulong* entries, ulong count, out ulong cleared, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_kvm_log_start")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult KvmLogStart(KvmHandle kvm, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_kvm_log_stop")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult KvmLogStop(KvmHandle kvm, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_kvm_log_read")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult KvmLogRead(KvmHandle kvm, KvmReadOptions options, out byte* words, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_lazy_register")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult LazyRegister(nint address, ulong bytes, out nint lazy, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_lazy_adopt")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult LazyAdopt(SafeFileHandle fd, out nint lazy, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_lazy_free")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult LazyFree(nint lazy, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_lazy_wait")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult LazyWait(LazyHandle lazy, int socket, uint milliseconds, out LazySignals ready, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_lazy_wake")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult LazyWake(LazyHandle lazy, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_lazy_read")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult LazyRead(LazyHandle lazy, LazyRawEvent* events, ulong room, out ulong count, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_lazy_copy")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult LazyCopy(LazyHandle lazy, ulong address, byte* pages, ulong bytes, out ulong done, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_lazy_zero")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult LazyZero(LazyHandle lazy, ulong address, ulong bytes, out ulong done, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_lazy_poison")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult LazyPoison(LazyHandle lazy, ulong address, ulong bytes, out ulong done, out ulong poisoned, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_lazy_release")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult LazyRelease(LazyHandle lazy, ulong address, ulong bytes, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_lazy_send")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult LazySend(LazyHandle lazy, SafeHandle socket, byte* bytes, ulong count, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_socket_receive")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult SocketReceive(SafeHandle socket, byte* bytes, ulong room, out ulong count, out int fd, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_lz4_open")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult Lz4Open(byte* path, out nint lz4, out uint version, byte* tried, ulong triedBytes, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_lz4_close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult Lz4Close(nint lz4, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_lz4_pack")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult Lz4Pack(
        Lz4Handle lz4, byte* source, ulong sourceBytes, byte* destination, ulong room, out ulong written, out int errno);

    [LibraryImport(Library, EntryPoint = "ps_lz4_unpack")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory)]
    internal static partial ShimResult Lz4Unpack(
        Lz4Handle lz4, byte* source, ulong sourceBytes, byte* destination, ulong bytes, out int errno);
}
