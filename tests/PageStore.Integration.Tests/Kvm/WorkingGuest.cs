using PageStore.Checkpoint;
using PageStore.Cli;
using PageStore.Native;
using Xunit;

namespace PageStore.Integration.Tests;

/// <summary>A KVM machine with the guest of the demo: new, or brought back from an epoch.</summary>
internal sealed class WorkingGuest : IDisposable
{
    internal const long MemoryBytes = 64 << 20;

    /// <summary>So long that only a guest that hangs takes it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private WorkingGuest()
    {
        Memory = MemoryRegion.CreateShared(MemoryBytes);
        Machine = new KvmMachine(Memory);
    }

    /// <summary>What all tests run: 16 MiB of working set, and as much beside it.</summary>
    internal static GuestWorkload Workload { get; } = new()
    {
        Seed = 20,
        WorkingBytes = 16 << 20,
        ConfiguredBytes = 34 << 20,
        PhaseOperations = 50_000,
        ReportOperations = 5_000,
        ColdOperations = 1_000,
    };

    internal MemoryRegion Memory { get; }

    internal KvmMachine Machine { get; }

    /// <summary>How many reports it makes before it comes to its end: one when it is ready, and one at each interval.</summary>
    private long ReportsToEnd { get; init; } = long.MaxValue;

    internal GuestWorkloadState State => GuestWorkload.StateOf(Memory);

    /// <summary>Skips a test where page faults of a virtual machine cannot be served.</summary>
    internal static void SkipWithoutKernelFaults()
    {
        SkipWithoutKvm();
        LinuxTrackingCapabilities host = LinuxTrackingCapabilities.Probe();
        Assert.SkipUnless(
            host.HasKernelFaults || host.HasUserfaultfdDevice,
            "userfaultfd serves no faults from inside the kernel here, as KVM's are: run as root, or make /dev/userfaultfd readable and writable.");
    }

    internal static void SkipWithoutKvm()
    {
        string? missing = KvmCapabilities.Probe().Missing ?? LinuxTrackingCapabilities.Probe().Missing;
        Assert.SkipWhen(missing is not null, missing ?? string.Empty);
    }

    /// <summary>A guest that has not run yet.</summary>
    internal static WorkingGuest Start(GuestWorkload workload)
    {
        var guest = new WorkingGuest
        {
            ReportsToEnd = workload.EndOperations == 0 ? long.MaxValue : 1 + (workload.EndOperations / workload.ReportOperations),
        };
        workload.Load(guest.Memory, guest.Machine);
        return guest;
    }

    /// <summary>A guest as it was at an epoch.</summary>
    internal static WorkingGuest Restore(Epoch epoch)
    {
        WorkingGuest guest = RestoreState(epoch);
        foreach (PfnRun run in epoch.DataRuns())
        {
            epoch.ReadPages(run.First, guest.Memory.GetSpan(run.First.Value * epoch.PageSize, checked((int)(run.Count * epoch.PageSize))));
        }

        return guest;
    }

    /// <summary>A guest whose processor is as it was at an epoch, and whose memory is empty.</summary>
    internal static WorkingGuest RestoreState(Epoch epoch)
    {
        var guest = new WorkingGuest();
        using Stream content = epoch.OpenState(KvmPause.StateName);
        using var state = new MemoryStream();
        content.CopyTo(state);
        guest.Machine.SetState(state.ToArray());
        return guest;
    }

    /// <summary>Waits until the guest has reported some times more, or comes to its end.</summary>
    internal void WaitForReports(long more)
    {
        long until = Math.Min(ReportsToEnd, Machine.Status.Reports + more);
        Assert.True(SpinWait.SpinUntil(() => Machine.Status.Reports >= until || Machine.Status.State == KvmState.Stopped, Patience), "the guest makes no progress");
    }

    /// <summary>Has the guest, which runs, check everything and end.</summary>
    internal void CheckAndEnd()
    {
        Machine.SetInput(GuestWorkload.RequestEnd | 1);
        AssertEnds();
    }

    /// <summary>Keeps the guest from ending by itself until <see cref="AssertEnded"/>: a busy host may let it run for as long as it likes.</summary>
    internal void HoldBeforeEnd() => Machine.SetInput(GuestWorkload.RequestWait);

    /// <summary>Waits for the end that the guest comes to by itself.</summary>
    internal void AssertEnded()
    {
        Machine.SetInput(0);
        AssertEnds();
    }

    private void AssertEnds()
    {
        KvmStatus status = Machine.Wait(Patience);
        Assert.True(status.Reason == KvmStopReason.Ended, status.ToString());
        Assert.True(status.Code == 0, GuestWorkload.Describe(status.Code) + (status.Code != 0 && Memory.IsWhole ? $", at 0x{State.FailedAt:x}" : string.Empty));
    }

    public void Dispose()
    {
        Machine.Dispose();
        Memory.Dispose();
    }
}
