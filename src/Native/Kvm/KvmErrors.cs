namespace PageStore.Native;

/// <summary>What a failure in the KVM part of the shim is called, and what can be done about it.</summary>
internal static class KvmErrors
{
    /// <inheritdoc cref="NativeErrors.Make"/>
    internal static Exception Make(ShimResult result, int errno, string what) => result switch
    {
        ShimResult.KvmOpen => NativeErrors.Unsupported(errno, what, KvmCapabilities.Probe().Missing ?? "the host allows it now: try again."),
        ShimResult.KvmBlob => new CorruptDataException(
            $"{what} failed: the bytes are no state of a processor of this kind, or are damaged; nothing was set."),
        ShimResult.KvmState => NativeErrors.Storage(
            errno, what, "the host's processor or kernel does not take it, as one of another kind or release may not: make a new machine."),
        ShimResult.KvmLog when errno == NativeErrors.Einval => NativeErrors.Unsupported(
            errno, what, "the kernel has no such dirty log: run Linux 5.2 or newer for the log, 5.11 for the ring, and a ring that is not larger than KvmCapabilities says."),
        ShimResult.KvmLog => NativeErrors.Storage(errno, what, "stop and start the log, and take the next epoch in full."),
        _ when errno == NativeErrors.Enomem => NativeErrors.Storage(errno, what, "free memory, or raise the limits (ulimit -v, the cgroup's)."),
        _ => NativeErrors.Storage(errno, what, "see the system's log."),
    };
}
