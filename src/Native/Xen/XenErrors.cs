namespace PageStore.Native;

/// <summary>What a failure in the Xen part of the shim is called, and what the operator can do about it.</summary>
internal static class XenErrors
{
    private const string RunInDom0 = "run in dom0, or another domain with its rights, as root.";

    private const string Busy =
        "another operation on the domain's log is under way, such as a migration or a save: nothing is lost; let it end, and try again.";

    /// <summary>No library that can be used was found.</summary>
    /// <param name="tried">The names that were tried, as the shim reports them.</param>
    internal static UnsupportedException NoLibrary(string tried) => new(
        $"Xen's libraries were not found (tried {tried}): install those of the hypervisor's release (Debian: libxenmisc4.17), "
        + $"or name their directory or the file of libxenctrl in {XenDomain.LibrariesVariable}.")
    {
        IsMissingOnHost = true,
    };

    /// <inheritdoc cref="NativeErrors.Make"/>
    internal static Exception Make(ShimResult result, int errno, string what) => result switch
    {
        ShimResult.XenLibrary => new UnsupportedException(
            $"{what} is not supported: libxenguest of the hypervisor's release was not found beside its libxenctrl, or lacks a function. Install it (Debian: libxenmisc4.17).")
        {
            IsMissingOnHost = true,
        },
        ShimResult.XenStore when errno is not (NativeErrors.Eperm or NativeErrors.Eacces or NativeErrors.Enomem) =>
            NativeErrors.Storage(errno, what, "see that xenstored runs, and that the toolstack made the domain."),
        ShimResult.XenGone =>
            NativeErrors.Storage(errno, what, "the domain is gone or being torn down: the last committed epoch is the newest there will be."),
        ShimResult.XenPv => new UnsupportedException(
            $"{what} is not supported: it is a PV guest of 32 bits. Import what xl save writes of it: pages that did not change are found by their content."),
        ShimResult.XenVersion => NativeErrors.Unsupported(
            errno,
            what,
            $"the hypervisor is of another release than the Xen libraries found: install those of its release (xl info xen_version), or name their directory in {XenDomain.LibrariesVariable}."),
        ShimResult.XenInterface when errno is not (NativeErrors.Eperm or NativeErrors.Eacces or NativeErrors.Enomem) =>
            NativeErrors.Unsupported(errno, what, "no hypervisor answers: boot Xen, run in dom0, and load the module xen-privcmd."),
        _ when errno is NativeErrors.Eperm or NativeErrors.Eacces => NativeErrors.Unsupported(errno, what, RunInDom0),
        ShimResult.XenEnable => Enable(errno, what),
        ShimResult.XenBitmap => Bitmap(errno, what),
        ShimResult.XenGrown => new StorageException(
            $"{what} failed: the guest has got pages behind those that the log covers. Open the domain and a new log, and take the next epoch in full."),
        _ when errno == NativeErrors.Enomem => NativeErrors.Storage(errno, what, "free memory in dom0 and in Xen (xl info free_memory)."),
        _ => NativeErrors.Storage(errno, what, "see the hypervisor's log (xl dmesg)."),
    };

    private static Exception Enable(int errno, string what) => errno switch
    {
        NativeErrors.Eopnotsupp or NativeErrors.Enosys => NativeErrors.Unsupported(
            errno, what, "this hypervisor has no log-dirty for this kind of guest (PV guests need shadow paging, Arm has none): take full epochs."),
        NativeErrors.Einval => NativeErrors.Unsupported(
            errno, what, "Xen logs no guest that has a PCI device passed through or has no processor yet: take the device away, or take full epochs."),
        NativeErrors.Ebusy => NativeErrors.Storage(errno, what, Busy),
        NativeErrors.Enomem => NativeErrors.Storage(
            errno, what, "Xen has no memory for the log: give the domain more (shadow_memory in its configuration), or free some in Xen (xl info free_memory)."),
        _ => NativeErrors.Storage(errno, what, "see the hypervisor's log (xl dmesg)."),
    };

    private static Exception Bitmap(int errno, string what) => errno switch
    {
        NativeErrors.Ebusy => NativeErrors.Storage(errno, what, Busy),
        NativeErrors.Enomem => NativeErrors.Storage(
            errno, what, "Xen ran out of memory for the log, and tracking was lost: stop and start the log, and take the next epoch in full."),
        NativeErrors.Eio => NativeErrors.Storage(
            errno, what, "Xen went through another number of pages than it was asked for: stop and start the log, and take the next epoch in full."),
        _ => NativeErrors.Storage(
            errno, what, "stop and start the log, and take the next epoch in full; see the hypervisor's log (xl dmesg)."),
    };
}
