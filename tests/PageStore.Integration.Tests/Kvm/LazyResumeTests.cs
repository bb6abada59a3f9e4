using PageStore.Checkpoint;
using PageStore.Cli;
using PageStore.Native;
using Xunit;

namespace PageStore.Integration.Tests;

/// <summary>A machine is brought back with its memory missing, and comes to the same end as one that nobody ever stopped, however its pages come.</summary>
public sealed class LazyResumeTests : IDisposable
{
    private static readonly GuestWorkload Workload = WorkingGuest.Workload with { EndOperations = 400_000 };

    private readonly string _path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".pages");

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData("none", false, 0)]
    [InlineData("none", false, 64)]
    [InlineData("none", true, 256)]
    [InlineData("vmresume", false, 0)]
    [InlineData("default", true, 256)]
    public void It_comes_to_the_same_end(string policy, bool background, int bubble)
    {
        WorkingGuest.SkipWithoutKernelFaults();
        GuestWorkloadState end = Capture(epochs: 4);
        using CheckpointReader reader = CheckpointReader.Open(_path);
        using Epoch epoch = reader.OpenEpoch(reader.Newest!.Value);
        using var lazy = new LazyGuest(epoch, PlanOf(reader, epoch, policy), new LazyResumeOptions { BackgroundFill = background, BubblePages = bubble });
        lazy.Guest.Machine.Run();
        lazy.Guest.AssertEnded();

        ResumeReport report = background ? lazy.WaitUntilComplete() : lazy.Stop();

        Assert.Equal(background ? ResumeOutcome.Complete : ResumeOutcome.Cancelled, report.Outcome);
        Assert.Equal(background, report.TimeToFull is not null);
        Assert.Empty(report.DamagedPages);
        Assert.True(background || report.Faults.Unplanned > 0, "the guest demanded nothing");
        Assert.Equal(policy == "none", report.PreloadedPages == 0);
        Assert.Equal(background || bubble > 0, report.BubbledPages + report.BackgroundPages > 0);
        if (background)
        {
            // All is there: the memory is like any other.
            Assert.Equal(end, lazy.Guest.State);
        }
    }

    /// <summary>Takes epochs of a guest; returns where it would end.</summary>
    private GuestWorkloadState Capture(int epochs)
    {
        using WorkingGuest guest = WorkingGuest.Start(Workload);
        using var log = new LinuxAccessLog(guest.Memory);
        using CheckpointWriter writer = CheckpointWriter.Create(_path);
        using (var capture = new GuestCapture(writer, guest.Memory, log, new KvmPause(guest.Machine)))
        {
            guest.Machine.Run();
            for (int epoch = 0; epoch < epochs; epoch++)
            {
                capture.CaptureRestorable(new KvmPause(guest.Machine));
                guest.WaitForReports(2);
            }
        }

        guest.AssertEnded();
        return guest.State;
    }

    private static ResumePlan? PlanOf(CheckpointReader reader, Epoch epoch, string name)
    {
        if (name == "none")
        {
            return null;
        }

        using IResumePolicy policy = ResumePolicies.Create(name);
        foreach (EpochInfo info in EpochAccesses.LeadingTo(reader, epoch.Info.Id))
        {
            using RecordedInterval interval = EpochAccesses.Read(reader.OpenEpoch(info.Id));
            policy.Observe(interval.Accesses);
        }

        return new ResumePlan(epoch.Info.Id, policy.Rank(4000), epoch.Info.PagesConfigured);
    }
}
