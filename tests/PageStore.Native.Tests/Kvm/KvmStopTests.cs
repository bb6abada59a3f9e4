namespace PageStore.Native.Tests;

/// <summary>Whatever stops a guest is told, and nothing of it reaches the process.</summary>
public sealed class KvmStopTests
{
    [Fact]
    public void A_triple_fault()
    {
        using var guest = new ObeyingGuest();
        guest.Begin(GuestCommand.Fault);
        KvmStatus status = guest.Wait();
        Assert.Equal((KvmState.Stopped, KvmStopReason.TripleFault), (status.State, status.Reason));
        Assert.False(status.CanContinue);
        Assert.Throws<InvalidOperationException>(guest.Machine.Run);
    }

    [Fact]
    public void A_port_that_there_is_not()
    {
        using var guest = new ObeyingGuest();
        guest.Begin(GuestCommand.BadPort);
        KvmStatus status = guest.Wait();
        Assert.Equal((KvmStopReason.BadPort, 0x123u), (status.Reason, status.Code));
    }

    [Fact]
    public void An_address_behind_the_memory()
    {
        ObeyingGuest.SkipWithoutKvm();
        const long bytes = (4 << 20) + (64 << 10);
        using MemoryRegion memory = MemoryRegion.CreateShared(bytes);
        using var machine = new KvmMachine(memory);

        // mov [0x410000], eax: behind the memory, inside the last page of the tables.
        machine.Load([0x89, 0x04, 0x25, 0x00, 0x00, 0x41, 0x00], 0x100000, 0x100000);
        machine.Run();
        KvmStatus status = machine.Wait(TimeSpan.FromSeconds(60));
        Assert.Equal((KvmStopReason.OutsideMemory, (ulong)bytes), (status.Reason, status.Address));
        Assert.Contains("0x410000", status.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_halt_and_what_is_behind_it()
    {
        ObeyingGuest.SkipWithoutKvm();
        using MemoryRegion memory = MemoryRegion.CreateShared(2 << 20);
        using var machine = new KvmMachine(memory);

        // hlt; mov eax, 9; mov dx, 0x708; out dx, eax
        machine.Load([0xf4, 0xb8, 9, 0, 0, 0, 0x66, 0xba, 0x08, 0x07, 0xef], 0x100000, 0x100000, KvmRing.Kernel);
        machine.Run();
        Assert.Equal(KvmStopReason.Halted, machine.Wait(TimeSpan.FromSeconds(60)).Reason);
        Assert.True(machine.Status.CanContinue);
        machine.Run();
        KvmStatus status = machine.Wait(TimeSpan.FromSeconds(60));
        Assert.Equal((KvmStopReason.Ended, 9u), (status.Reason, status.Code));
    }

    [Fact]
    public void A_page_that_cannot_be_had()
    {
        using var guest = new ObeyingGuest();
        guest.Touch(GuestCommand.Write, seed: 1, count: 10);
        guest.SetParameters(seed: 1, first: (ObeyingGuest.DataPage + 100) * PageSizes.Default);
        NoAccess(guest.Memory, ObeyingGuest.DataPage + 100);

        guest.Begin(GuestCommand.Touch);

        KvmStatus status = guest.Wait();
        Assert.Equal((KvmStopReason.BadMemory, 14), (status.Reason, status.Errno)); // EFAULT
        Assert.Contains("errno 14", status.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_lack_of_KVM_has_one_line_with_advice()
    {
        Assert.Contains("kvm_intel", Missing(new KvmCaps { DeviceErrno = NativeErrors.Enoent }), StringComparison.Ordinal);
        Assert.Contains("group kvm", Missing(new KvmCaps { DeviceErrno = NativeErrors.Eacces }), StringComparison.Ordinal);
        Assert.Contains("x86-64", Missing(new KvmCaps { DeviceErrno = NativeErrors.Enosys }), StringComparison.Ordinal);
        Assert.Contains("firmware", Missing(new KvmCaps { DeviceErrno = NativeErrors.Eio }), StringComparison.Ordinal);
        Assert.Contains("version 11", Missing(new KvmCaps { ApiVersion = 11, Missing = KvmLacks.Version }), StringComparison.Ordinal);
        Assert.Contains("Linux 4.13", Missing(new KvmCaps { ApiVersion = 12, Missing = KvmLacks.ImmediateExit }), StringComparison.Ordinal);
        Assert.Contains("no machine", Missing(new KvmCaps { ApiVersion = 12, MachineErrno = NativeErrors.Ebusy }), StringComparison.Ordinal);
        Assert.True(KvmCapabilities.From(new KvmCaps { ApiVersion = 12 }).CanRun);
    }

    private static string Missing(KvmCaps caps) => KvmCapabilities.From(caps).Missing!;

    private static unsafe void NoAccess(MemoryRegion memory, long page)
    {
        fixed (byte* at = memory.GetPage(new Pfn(page)))
        {
            Libc.Check(Libc.mprotect(at, PageSizes.Default, 0), "mprotect");
        }
    }
}
