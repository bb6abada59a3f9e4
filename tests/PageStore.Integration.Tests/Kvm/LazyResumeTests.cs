using PageStore.Checkpoint;
using Xunit;

namespace PageStore.Integration.Tests;

/// <summary>A machine is brought back with its memory missing, and comes to the same end as one that nobody ever stopped, however its pages come.</summary>
public sealed class LazyResumeTests
{
    [Theory]
    [InlineData("none", false, 0)]
    [InlineData("none", false, 64)]
    [InlineData("none", true, 256)]
    [InlineData("vmresume", false, 0)]
    [InlineData("default", true, 256)]
    public void It_comes_to_the_same_end(string policy, bool background, int bubble)
    {
        WorkingGuest.SkipWithoutKernelFaults();
        using var captured = new CapturedGuest(epochs: 4);
        using CheckpointReader reader = CheckpointReader.Open(captured.FilePath);
        using Epoch epoch = reader.OpenEpoch(reader.Newest!.Value);
        using var lazy = new LazyGuest(epoch, PlanOf(reader, epoch, policy), new LazyResumeOptions { UsePack = false, BackgroundFill = background, BubblePages = bubble });
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
            Assert.Equal(captured.End, lazy.Guest.State);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void From_a_pack_it_comes_to_the_same_end(bool damaged)
    {
        WorkingGuest.SkipWithoutKernelFaults();
        using var captured = new CapturedGuest(epochs: 3);
        long planned = Pack(captured.FilePath);
        if (damaged)
        {
            DamageNewestBlock(captured.FilePath);
        }

        using CheckpointReader reader = CheckpointReader.Open(captured.FilePath);
        using Epoch epoch = reader.OpenEpoch(reader.Newest!.Value);
        using var lazy = new LazyGuest(epoch, null, new LazyResumeOptions { Readers = 2 });
        lazy.Guest.Machine.Run();
        lazy.Guest.AssertEnded();

        ResumeReport report = lazy.WaitUntilComplete();

        Assert.Equal((planned, planned), (report.PlannedPages, report.PreloadedPages));
        Assert.Empty(report.DamagedPages);
        Assert.Equal(captured.End, lazy.Guest.State);
    }

    private static long Pack(string path)
    {
        using CheckpointReader reader = CheckpointReader.Open(path);
        using Epoch epoch = reader.OpenEpoch(reader.Newest!.Value);
        using CheckpointWriter writer = CheckpointWriter.Open(path);
        return writer.WritePack(PlanOf(reader, epoch, "default")!).Pack!.Value.Pages;
    }

    /// <summary>Of two copies of a page the later one is the pack's.</summary>
    private static void DamageNewestBlock(string path)
    {
        byte[] content = new byte[PageSizes.Default];
        using (CheckpointReader reader = CheckpointReader.Open(path))
        {
            using Epoch epoch = reader.OpenEpoch(reader.Newest!.Value);
            Pfn page = epoch.OpenPack()!.ReadPlan().First(page => epoch.GetPageInfo(page).Class == PageClass.Data);
            epoch.ReadPage(page, content);
        }

        byte[] file = File.ReadAllBytes(path);
        int at = file.AsSpan().LastIndexOf(content);
        Assert.NotEqual(file.AsSpan().IndexOf(content), at);
        file[at + 100] ^= 1;
        File.WriteAllBytes(path, file);
    }

    private static ResumePlan? PlanOf(CheckpointReader reader, Epoch epoch, string name)
    {
        if (name == "none")
        {
            return null;
        }

        using IResumePolicy policy = ResumePolicies.Create(name);
        return EpochPlans.Make(reader, epoch, policy, budget: 2);
    }
}
