namespace PageStore.Native.Tests;

/// <summary>
/// Memory whose missing pages nobody brings until the test says so: userfaultfd in missing mode (Documentation/admin-guide/mm/userfaultfd.rst).
/// Nothing managed may touch them meanwhile.
/// </summary>
internal sealed class MissingPages : IDisposable
{
    // include/uapi/linux/userfaultfd.h
    private const uint Api = 0xc018aa3f;
    private const uint Register = 0xc020aa00;
    private const uint ZeroPage = 0xc020aa04;
    private const uint Poison = 0xc020aa08;
    private const ulong Version = 0xaa;
    private const ulong ModeMissing = 1;

    private const nint SysUserfaultfd = 323; // x86-64
    private const nint CloseOnExec = 0x80000;

    private readonly int _descriptor;
    private readonly ulong _address;

    internal MissingPages(MemoryRegion memory)
    {
        Assert.SkipUnless(
            LinuxTrackingCapabilities.Probe().HasKernelFaults, "userfaultfd serves no faults from inside the kernel here, as KVM's are: run as root, or set vm.unprivileged_userfaultfd=1.");
        _address = (ulong)memory.Mapping.DangerousGetHandle();
        _descriptor = (int)Libc.syscall(SysUserfaultfd, CloseOnExec, 0, 0);
        Ask(Api, [Version, 0, 0]);
        Ask(Register, [_address, (ulong)memory.Length, ModeMissing, 0]);
    }

    /// <summary>Brings a page of zeros.</summary>
    internal void Bring(long page) => Ask(ZeroPage, [AddressOf(page), (ulong)Environment.SystemPageSize, 0, 0]);

    /// <summary>Makes a page one that the hardware lost.</summary>
    internal void Lose(long page) => Ask(Poison, [AddressOf(page), (ulong)Environment.SystemPageSize, 0, 0]);

    public void Dispose() => Libc.Check(Libc.close(_descriptor), "close");

    private ulong AddressOf(long page) => _address + (ulong)(page * Environment.SystemPageSize);

    private unsafe void Ask(uint request, Span<ulong> argument)
    {
        fixed (ulong* words = argument)
        {
            Libc.Check(Libc.ioctl(_descriptor, request, words), $"ioctl 0x{request:x}");
        }
    }
}
