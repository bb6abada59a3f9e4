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

    // include/uapi/linux/filter.h and bpf_common.h: BPF_LD | BPF_W | BPF_ABS, BPF_JMP | BPF_JEQ | BPF_K, BPF_RET | BPF_K
    private const ushort LoadWord = 0x20;
    private const ushort JumpIfEqual = 0x15;
    private const ushort Return = 0x06;

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
    internal static void ForbidUserfaultfd()
    {
        Filter* program = stackalloc Filter[4];
        program[0] = new Filter(LoadWord, 0, 0, 0); // seccomp_data.nr
        program[1] = new Filter(JumpIfEqual, 0, 1, RuntimeInformation.OSArchitecture == Architecture.X64 ? 323u : 282u);
        program[2] = new Filter(Return, 0, 0, ReturnErrno | NativeErrors.Eperm);
        program[3] = new Filter(Return, 0, 0, ReturnAllow);
        var whole = new Program(4, program);
        nint seccomp = RuntimeInformation.OSArchitecture == Architecture.X64 ? 317 : 277;
        Libc.Check(Libc.prctl(Libc.PrSetNoNewPrivs, 1, 0, 0, 0), "prctl");
        Libc.Check(Libc.syscall(seccomp, SetModeFilter, FilterFlagTsync, (nint)(&whole)), "seccomp");
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
