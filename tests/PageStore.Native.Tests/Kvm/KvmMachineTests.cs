using System.Text;

namespace PageStore.Native.Tests;

/// <summary>A machine runs, stands, goes on, and says what its guest did.</summary>
public sealed class KvmMachineTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public void A_guest_runs_reports_and_answers()
    {
        using var guest = new ObeyingGuest();
        Assert.Equal(KvmState.Standing, guest.Machine.Status.State);

        HashSet<long> told = guest.Touch(GuestCommand.Write, seed: 7, count: 500);

        Assert.InRange(told.Count, 400, 500);
        Assert.Equal((uint)GuestCommand.Write, guest.Machine.Status.Answer);
        Assert.Equal(500, guest.Machine.Status.Reports);
        Assert.All(told, page => Assert.True(guest.Memory.GetPage(new Pfn(page)).ContainsAnyExcept((byte)0)));
    }

    [Fact]
    public void Reports_are_in_order_and_the_newest_are_kept()
    {
        using var guest = new ObeyingGuest();
        guest.Begin(GuestCommand.Count);
        Assert.True(SpinWait.SpinUntil(() => guest.Machine.Status.Reports > 70_000, Patience));
        guest.Machine.Pause();

        long from = 0;
        var reports = new KvmProgress[65536];
        int count = guest.Machine.ReadProgress(ref from, reports);

        Assert.Equal(65536, count);
        Assert.Equal(guest.Machine.Status.Reports - 65536, from);
        for (int i = 1; i < count; i++)
        {
            Assert.Equal(reports[i - 1].Counter + 1, reports[i].Counter);
            Assert.True(reports[i].Nanoseconds >= reports[i - 1].Nanoseconds);
        }

        Assert.Equal((ulong)from + 1, reports[0].Counter);
        long behind = from + count;
        Assert.Equal(0, guest.Machine.ReadProgress(ref behind, reports));
    }

    [Fact]
    public void What_a_guest_says_can_be_read()
    {
        using var guest = new ObeyingGuest();
        guest.Do(GuestCommand.Speak);
        long from = 0;
        byte[] text = new byte[100];
        int length = guest.Machine.ReadConsole(ref from, text);
        Assert.Equal("all is well\n", Encoding.ASCII.GetString(text, 0, length));
        from = 4;
        Assert.Equal(8, guest.Machine.ReadConsole(ref from, text));
    }

    [Fact]
    public void A_paused_guest_stands_still_and_goes_on()
    {
        using var guest = new ObeyingGuest();
        guest.SetParameters(seed: 3, count: int.MaxValue);
        guest.Begin(GuestCommand.Write);
        for (int round = 0; round < 20; round++)
        {
            long before = guest.Machine.Status.Reports;
            Assert.True(SpinWait.SpinUntil(() => guest.Machine.Status.Reports > before, Patience));
            guest.Machine.Pause();
            KvmStatus status = guest.Machine.Status;
            byte[] image = guest.Image();
            Thread.Yield();
            Assert.Equal(KvmState.Standing, status.State);
            Assert.True(image.AsSpan().SequenceEqual(guest.Image()), "a paused guest wrote");
            Assert.Equal(status, guest.Machine.Status);
            guest.Machine.Run();
        }
    }

    [Fact]
    public void A_guest_that_leaves_the_processor_for_nothing_is_paused_too()
    {
        using var guest = new ObeyingGuest();
        guest.Begin(GuestCommand.Spin);
        guest.Machine.Pause();
        Assert.Equal(KvmState.Standing, guest.Machine.Status.State);
        guest.Machine.Run();
        Assert.Equal(KvmState.Running, guest.Machine.Wait(TimeSpan.FromMilliseconds(1)).State);
        guest.Machine.SetInput(0);
        Assert.Equal(KvmStopReason.AskedForPause, guest.Wait().Reason);
    }

    [Fact]
    public void What_the_state_forbids_is_refused()
    {
        using var guest = new ObeyingGuest();
        Assert.Throws<InvalidOperationException>(guest.Machine.Pause);
        guest.Begin(GuestCommand.Spin);
        Assert.Throws<InvalidOperationException>(guest.Machine.Run);
        Assert.Throws<InvalidOperationException>(() => guest.Machine.GetState());
        Assert.Throws<InvalidOperationException>(() => guest.Machine.SetState(new byte[16]));
        Assert.Throws<InvalidOperationException>(() => guest.Machine.Load(ObeyingGuest.Program(), 0x100000, 0x100000));
        guest.Machine.Pause();
        Assert.Throws<InvalidOperationException>(guest.Machine.Pause);
        guest.SetParameters(seed: 42);
        guest.Machine.SetInput(0);
        guest.Machine.Run();
        Assert.Equal(KvmStopReason.AskedForPause, guest.Wait().Reason);
        guest.Begin(GuestCommand.End);
        Assert.Equal((KvmStopReason.Ended, 42u), (guest.Wait().Reason, guest.Machine.Status.Code));
        Assert.Throws<InvalidOperationException>(guest.Machine.Run);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_running_machine_can_be_disposed(bool memoryFirst)
    {
        using var guest = new ObeyingGuest();
        guest.Begin(GuestCommand.Count);
        if (memoryFirst)
        {
            guest.Memory.Dispose();
        }

        guest.Machine.Dispose();
        guest.Machine.Dispose();
        Assert.Throws<ObjectDisposedException>(() => guest.Machine.Status);
        Assert.Throws<ObjectDisposedException>(guest.Machine.Run);
    }

    [Theory]
    [InlineData(0, 0)] // over the page tables
    [InlineData(0x2000, 0x2000)]
    [InlineData(32 << 20, 32 << 20)]
    [InlineData(-4096, -4096)]
    [InlineData(0x100000, 0)]
    [InlineData(0x100000, 0x7fffffff)]
    public void A_program_that_does_not_fit_is_refused(long address, long entry)
    {
        using var guest = new ObeyingGuest(load: false);
        Assert.Throws<ArgumentOutOfRangeException>(() => guest.Machine.Load(ObeyingGuest.Program(), address, entry));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(128)]
    [InlineData(1000)]
    public void A_ring_of_another_size_is_refused(int entries)
    {
        using MemoryRegion memory = MemoryRegion.CreateShared(1 << 20);
        Assert.Throws<ArgumentOutOfRangeException>(() => new KvmMachine(memory, new KvmMachineOptions { DirtyRingEntries = entries }));
    }
}
