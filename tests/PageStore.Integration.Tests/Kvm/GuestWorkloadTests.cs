using PageStore.Checkpoint;
using PageStore.Cli;
using PageStore.Native;
using Xunit;

namespace PageStore.Integration.Tests;

/// <summary>The guest of the demo works the same way each time, finds every damage, and goes on from an epoch as if nothing had been.</summary>
public sealed class GuestWorkloadTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".pages");

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void Its_parameters_decide_what_it_does()
    {
        WorkingGuest.SkipWithoutKvm();
        GuestWorkload workload = WorkingGuest.Workload with { EndOperations = 200_000 };
        GuestWorkloadState first = RunToEnd(workload);
        Assert.True(first.IsReady);
        Assert.Equal(200_000, first.Operations);
        Assert.Equal(first, RunToEnd(workload));
        Assert.NotEqual(first.Digest, RunToEnd(workload with { Seed = 21 }).Digest);
        Assert.NotEqual(first.Digest, RunToEnd(workload with { PhaseOperations = 60_000 }).Digest);
    }

    [Fact]
    public void It_reports_how_far_it_is()
    {
        WorkingGuest.SkipWithoutKvm();
        using WorkingGuest guest = WorkingGuest.Start(WorkingGuest.Workload with { EndOperations = 50_000 });
        guest.Machine.Run();
        guest.AssertEnded();
        var reports = new KvmProgress[100];
        long from = 0;
        int count = guest.Machine.ReadProgress(ref from, reports);
        Assert.Equal([0, 5_000, 10_000, 15_000, 20_000, 25_000, 30_000, 35_000, 40_000, 45_000, 50_000, 50_000], reports[..count].Select(report => (long)report.Counter));
    }

    [Fact]
    public void It_fills_as_much_as_it_is_told_and_checks_on_request()
    {
        WorkingGuest.SkipWithoutKvm();
        using WorkingGuest guest = WorkingGuest.Start(WorkingGuest.Workload);
        guest.Machine.Run();
        guest.Machine.SetInput(1);
        Assert.True(SpinWait.SpinUntil(() => guest.Machine.Status.Answer == 1, TimeSpan.FromSeconds(60)));
        guest.Machine.Pause();
        byte[] image = new byte[WorkingGuest.MemoryBytes];
        guest.Memory.CopyPages(new Pfn(0), image, new GuestPageType[guest.Memory.PageCount]);
        int configured = (int)(WorkingGuest.Workload.ConfiguredBytes / PageSizes.Default);
        int filler = (int)((WorkingGuest.Workload.WorkingBytes + (2 << 20)) / PageSizes.Default);
        Assert.All(Enumerable.Range(filler, configured - filler), page => Assert.True(Page(image, page).ContainsAnyExcept((byte)0)));
        Assert.False(image.AsSpan(configured * PageSizes.Default).ContainsAnyExcept((byte)0));
    }

    [Theory]
    [InlineData(2 << 20, 2, 4)] // the table: a value of a record, or its key
    [InlineData(12 << 20, 5, 6)] // the tree: a node, or where it stands
    [InlineData(16 << 20, 8, 8)] // the journal
    [InlineData(30 << 20, 9, 9)] // the filler
    public void It_finds_a_flipped_bit(long around, int lowest, int highest)
    {
        WorkingGuest.SkipWithoutKvm();
        for (int i = 0; i < 4; i++)
        {
            using WorkingGuest guest = WorkingGuest.Start(WorkingGuest.Workload with { ColdOperations = 0 });
            guest.Machine.Run();
            guest.WaitForReports(3);
            guest.Machine.Pause();
            FlipFirstSetBit(guest.Memory, around + (i * 4096) + (i * 16));
            guest.Machine.SetInput(GuestWorkload.RequestEnd | 1);
            guest.Machine.Run();
            KvmStatus status = guest.Machine.Wait(TimeSpan.FromSeconds(60));
            Assert.Equal(KvmStopReason.Ended, status.Reason);
            Assert.InRange((int)status.Code, lowest, highest);
            Assert.InRange((long)guest.State.FailedAt, 2 << 20, WorkingGuest.Workload.ConfiguredBytes);
        }
    }

    [Fact]
    public void It_refuses_parameters_that_do_not_fit()
    {
        WorkingGuest.SkipWithoutKvm();
        using WorkingGuest guest = WorkingGuest.Start(WorkingGuest.Workload with { WorkingBytes = WorkingGuest.MemoryBytes });
        guest.Machine.Run();
        Assert.Equal((KvmStopReason.Ended, 1u), (guest.Machine.Wait(TimeSpan.FromSeconds(60)).Reason, guest.Machine.Status.Code));
    }

    [Theory]
    [InlineData("access")]
    [InlineData("kvm")]
    public void From_each_epoch_it_comes_to_the_same_end(string kind)
    {
        WorkingGuest.SkipWithoutKvm();
        GuestWorkload workload = WorkingGuest.Workload with { EndOperations = 600_000 };
        GuestWorkloadState end = RunToEnd(workload);
        using (WorkingGuest guest = WorkingGuest.Start(workload))
        using (IDirtyLog log = kind == "kvm" ? new KvmDirtyLog(guest.Machine) : new LinuxAccessLog(guest.Memory))
        using (CheckpointWriter writer = CheckpointWriter.Create(_path))
        using (var capture = new GuestCapture(writer, guest.Memory, log, new KvmPause(guest.Machine)))
        {
            guest.HoldBeforeEnd();
            guest.Machine.Run();
            for (int epoch = 0; epoch < 5; epoch++)
            {
                capture.CaptureRestorable(new KvmPause(guest.Machine));
                guest.WaitForReports(2);
            }

            guest.AssertEnded();
            Assert.Equal(end, guest.State);
        }

        using CheckpointReader reader = CheckpointReader.Open(_path);
        Assert.Equal(5, reader.Epochs().Count());
        foreach (EpochInfo info in reader.Epochs())
        {
            Assert.Equal(EpochConsistency.Restorable, info.Consistency);
            using WorkingGuest guest = WorkingGuest.Restore(reader.OpenEpoch(info.Id));
            guest.Machine.Run();
            guest.AssertEnded();
            Assert.Equal(end, guest.State);
        }
    }

    private static GuestWorkloadState RunToEnd(GuestWorkload workload)
    {
        using WorkingGuest guest = WorkingGuest.Start(workload);
        guest.Machine.Run();
        guest.AssertEnded();
        return guest.State;
    }

    private static Span<byte> Page(byte[] image, int page) => image.AsSpan(page * PageSizes.Default, PageSizes.Default);

    /// <summary>From an address on: a bit that is set belongs to something.</summary>
    private static void FlipFirstSetBit(MemoryRegion memory, long from)
    {
        Span<byte> bytes = memory.GetSpan(from, 1 << 20);
        int at = bytes.IndexOfAnyExcept((byte)0);
        bytes[at] &= (byte)(bytes[at] - 1);
    }
}
