using System.Runtime.InteropServices;

namespace PageStore.Native.Tests;

/// <summary>The few calls of the C library that the tests need and .NET does not offer.</summary>
internal static unsafe partial class Libc
{
    // include/uapi/linux/prctl.h
    internal const int PrSetDumpable = 4;
    internal const int PrSetNoNewPrivs = 38;

    // include/uapi/asm-generic/mman-common.h and mman.h
    internal const int ProtReadWrite = 3;
    internal const int MapPrivateFixedAnonymous = 0x32;
    internal const int MadvDontNeed = 4;
    internal const int MadvRemove = 9;
    internal const int MadvRandom = 1;
    internal const int MapPrivateAnonymous = 0x22;
    internal const int MremapMayMove = 1;

    internal const int ProtRead = 1;
    internal const int MapShared = 1;
    internal const int MapPrivateFixed = 0x12;

    // include/uapi/linux/fs.h
    internal const int SeekData = 3;

    // include/uapi/linux/falloc.h: FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE
    internal const int PunchHoleKeepSize = 3;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setgroups(nuint count, uint* groups);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setresgid(uint real, uint effective, uint saved);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setresuid(uint real, uint effective, uint saved);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial uint geteuid();

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int prctl(int option, nuint a, nuint b, nuint c, nuint d);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint syscall(nint number, nint a, nint b, nint c);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint mmap(void* address, nuint length, int protection, int flags, int fd, nint offset);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int madvise(void* address, nuint length, int advice);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int mprotect(void* address, nuint length, int protection);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ioctl(int fd, nuint request, void* argument);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int close(int fd);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint lseek(int fd, nint offset, int whence);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int fallocate(int fd, int mode, nint offset, nint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int munmap(nint address, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint mremap(nint address, nuint oldLength, nuint newLength, int flags);

    [LibraryImport("libc")]
    internal static partial nint memcpy(nint destination, nint source, nint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint read(int fd, void* bytes, nint count);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint pwrite(int fd, nint bytes, nint count, nint offset);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint sendmsg(int socket, void* message, int flags);

    [LibraryImport("libc")]
    internal static partial int memcmp(nint a, nint b, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint signal(int signal, nint handler);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int raise(int signal);

    /// <summary>Throws unless a call returned 0.</summary>
    internal static void Check(nint result, string call)
    {
        if (result != 0)
        {
            throw new InvalidOperationException($"{call}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }
}
