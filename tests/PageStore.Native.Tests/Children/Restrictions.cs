using System.Runtime.InteropServices;

namespace PageStore.Native.Tests;

/// <summary>Takes rights away from this process, for good.</summary>
internal static unsafe class Restrictions
{
    // The user and group "nobody" of Debian.
    private const uint Nobody = 65534;

    // include/uapi/linux/seccomp.h
    private const nint SetModeFilter = 1;
    private const nint FilterFlagTsync = 1;
    private const uint ReturnAllow = 0x7fff0000;
    private const uint ReturnErrno = 0x00050000;

    // struct seccomp_data: nr, and the low half of args[1] on a little-endian machine
    private const uint CallNumber = 0;
    private const uint SecondArgument = 24;

    // include/uapi/linux/userfaultfd.h: _IOWR(0xAA, 0x08, struct uffdio_poison)
    private const uint UffdioPoison = 0xc020aa08;

    // include/uapi/linux/filter.h and bpf_common.h: BPF_LD | BPF_W | BPF_ABS, BPF_JMP | BPF_JEQ | BPF_K, BPF_RET | BPF_K
    private const ushort LoadWord = 0x20;
    private const ushort JumpIfEqual = 0x15;
    private const ushort Return = 0x06;

    private static bool IsX64 => RuntimeInformation.OSArchitecture == Architecture.X64;

    /// <summary>Becomes nobody, with no groups and no capabilities; remains as it is if it is not root.</summary>
    internal static void DropPrivileges()
    {
        if (Libc.geteuid() != 0)
        {
            return;
        }

        Libc.Check(Libc.setgroups(0, null), "setgroups");
        Libc.Check(Libc.setresgid(Nobody, Nobody, Nobody), "setresgid");
        Libc.Check(Libc.setresuid(Nobody, Nobody, Nobody), "setresuid");

        // A change of user makes /proc/self root's; a program that is started as nobody has it as its own.
        Libc.Check(Libc.prctl(Libc.PrSetDumpable, 1, 0, 0, 0), "prctl");
    }

    /// <summary>Forbids userfaultfd(2) with EPERM in all threads, as the default filter of container engines does.</summary>
    internal static void ForbidUserfaultfd() => Install(
    [
        new Filter(LoadWord, 0, 0, CallNumber),
        new Filter(JumpIfEqual, 0, 1, IsX64 ? 323u : 282u),
        new Filter(Return, 0, 0, ReturnErrno | NativeErrors.Eperm),
        new Filter(Return, 0, 0, ReturnAllow),
    ]);

    /// <summary>Answers UFFDIO_POISON with EINVAL in all threads, as kernels before 6.6 do, which do not know it.</summary>
    internal static void ForbidPoison() => Install(
    [
        new Filter(LoadWord, 0, 0, CallNumber),
        new Filter(JumpIfEqual, 0, 3, IsX64 ? 16u : 29u), // ioctl
        new Filter(LoadWord, 0, 0, SecondArgument),
        new Filter(JumpIfEqual, 0, 1, UffdioPoison),
        new Filter(Return, 0, 0, ReturnErrno | NativeErrors.Einval),
        new Filter(Return, 0, 0, ReturnAllow),
    ]);

    private static void Install(ReadOnlySpan<Filter> filters)
    {
        fixed (Filter* first = filters)
        {
            var whole = new Program((ushort)filters.Length, first);
            Libc.Check(Libc.prctl(Libc.PrSetNoNewPrivs, 1, 0, 0, 0), "prctl");
            Libc.Check(Libc.syscall(IsX64 ? 317 : 277, SetModeFilter, FilterFlagTsync, (nint)(&whole)), "seccomp");
        }
    }

    /// <summary><c>struct sock_filter</c>.</summary>
    private readonly record struct Filter(ushort Code, byte IfTrue, byte IfFalse, uint K);

    /// <summary><c>struct sock_fprog</c>.</summary>
    private readonly struct Program(ushort length, Filter* filter)
    {
        public readonly ushort Length = length;
        public readonly Filter* Filter = filter;
    }
}
