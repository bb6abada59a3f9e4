using System.Runtime.InteropServices;

namespace PageStore.Native;

/// <summary>The one place where a result code and an errno become an exception.</summary>
internal static class NativeErrors
{
    // errno values of Linux, the same on every architecture .NET runs on (include/uapi/asm-generic/errno-base.h and errno.h).
    internal const int Eperm = 1;
    internal const int Enoent = 2;
    internal const int Esrch = 3;
    internal const int Eio = 5;
    internal const int Ebadf = 9;
    internal const int Eagain = 11;
    internal const int Enomem = 12;
    internal const int Eacces = 13;
    internal const int Efault = 14;
    internal const int Ebusy = 16;
    internal const int Einval = 22;
    internal const int Enotty = 25;
    internal const int Enosys = 38;
    internal const int Eopnotsupp = 95;

    /// <summary>Throws what <paramref name="result"/> and <paramref name="errno"/> stand for, unless all went well.</summary>
    /// <param name="result">What a function of the shim returned.</param>
    /// <param name="errno">What it left in its last parameter.</param>
    /// <param name="what">What was tried, on what, as the beginning of a sentence.</param>
    internal static void ThrowIfFailed(ShimResult result, int errno, string what)
    {
        if (result != ShimResult.Ok)
        {
            throw Make(result, errno, what);
        }
    }

    /// <summary>The exception for a failure.</summary>
    /// <inheritdoc cref="ThrowIfFailed"/>
    internal static Exception Make(ShimResult result, int errno, string what) => result switch
    {
        ShimResult.Argument or ShimResult.State =>
            new InvalidOperationException($"{what} was refused by libpagestore_native ({result}): a defect of PageStore.Native, please report it."),
        ShimResult.Userfaultfd or ShimResult.Features or ShimResult.Pagemap => Unsupported(errno, what, LackingFacility()),
        ShimResult.Register when errno == Einval =>
            Unsupported(errno, what, "the kernel tracks writes in anonymous, memfd and file mappings only: take memory of such a kind."),
        ShimResult.Register when errno == Ebusy =>
            Storage(errno, what, "another userfaultfd of this process holds the range already: stop that log first."),
        ShimResult.Scan =>
            Storage(errno, what, "the kernel lost track of the range: stop and start the log, and take the next epoch in full."),
        ShimResult.Drop =>
            Storage(errno, what, "the page tables of the range cannot be dropped, as for locked memory: use a LinuxDirtyLog, which needs no drop."),
        ShimResult.Seals when errno == Ebusy =>
            new InvalidOperationException($"{what} is not possible: its memory is still mapped for writing; dispose machines and logs of it first."),
        ShimResult.Seals => Unsupported(errno, what, "it is no memfd that is sealed against writes and other sizes, as that of a CloneBase is."),
        >= ShimResult.LazyOpen => LazyErrors.Make(result, errno, what),
        >= ShimResult.KvmOpen => KvmErrors.Make(result, errno, what),
        >= ShimResult.XenLibrary => XenErrors.Make(result, errno, what),
        _ when errno == Enomem => Storage(errno, what, "free memory, or raise the limits (vm.max_map_count, ulimit -v, the cgroup's)."),
        _ => Storage(errno, what, "see the system's log."),
    };

    /// <summary>errno in words, with its number.</summary>
    internal static string Describe(int errno) => $"{Marshal.GetPInvokeErrorMessage(errno)}, errno {errno}";

    private static string LackingFacility()
    {
        LinuxTrackingCapabilities now = LinuxTrackingCapabilities.Probe();
        return now.Missing ?? "the host allows it now: try again.";
    }

    internal static UnsupportedException Unsupported(int errno, string what, string advice) =>
        new($"{what} is not supported ({Describe(errno)}): {advice}") { Errno = errno };

    internal static StorageException Storage(int errno, string what, string advice) =>
        new($"{what} failed ({Describe(errno)}): {advice}") { Errno = errno };
}
