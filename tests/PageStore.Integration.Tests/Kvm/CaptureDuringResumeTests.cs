using PageStore.Checkpoint;
using PageStore.Native;
using Xunit;

namespace PageStore.Integration.Tests;

/// <summary>A capture reads memory past the guest's mapping, where what is missing is zero: it must not take that for the guest's.</summary>
public sealed class CaptureDuringResumeTests
{
    [Fact]
    public void Memory_that_is_missing_still_is_not_captured_and_then_it_is()
    {
        WorkingGuest.SkipWithoutKernelFaults();
        using var captured = new CapturedGuest(epochs: 2);
        using CheckpointWriter writer = CheckpointWriter.Open(captured.FilePath);
        using Epoch epoch = writer.OpenEpoch(writer.Newest!.Value);
        using (var partial = new LazyGuest(epoch, null, new LazyResumeOptions { BackgroundFill = false, BubblePages = 0 }))
        {
            Assert.False(partial.Guest.Memory.IsWhole);
            using var log = new KvmDirtyLog(partial.Guest.Machine);
            using var capture = new GuestCapture(writer, partial.Guest.Memory, log, new KvmPause(partial.Guest.Machine));
            Assert.Throws<InvalidOperationException>(() => capture.CaptureRestorable(new KvmPause(partial.Guest.Machine)));
            partial.Stop();
            Assert.Throws<InvalidOperationException>(() => capture.CaptureRestorable(new KvmPause(partial.Guest.Machine)));
        }

        Assert.Equal(epoch.Info.Id, writer.Newest);
        using var whole = new LazyGuest(epoch, null, new LazyResumeOptions());
        whole.WaitUntilComplete();
        Assert.True(whole.Guest.Memory.IsWhole);
        using var laterLog = new LinuxAccessLog(whole.Guest.Memory);
        using var later = new GuestCapture(writer, whole.Guest.Memory, laterLog, new KvmPause(whole.Guest.Machine));
        EpochReport report = later.CaptureRestorable(new KvmPause(whole.Guest.Machine));

        // Nothing was changed by its way back.
        using Epoch again = writer.OpenEpoch(report.Epoch.Id);
        using EpochComparison comparison = epoch.CompareWith(again, cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(comparison.SameContent, $"{comparison.PagesDiffer} pages differ");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Memory_with_a_damaged_page_is_never_captured(bool served)
    {
        WorkingGuest.SkipWithoutKernelFaults();
        using var captured = new CapturedGuest(epochs: 2);
        captured.DamageColdPage();
        string socket = captured.FilePath + ".sock";
        using ServeProcess? server = served ? new ServeProcess(captured.FilePath, socket, "--once") : null;
        using OfferedGuest? offered = served ? new OfferedGuest(captured.FilePath, socket) : null;
        using CheckpointReader reader = CheckpointReader.Open(captured.FilePath);
        using Epoch epoch = reader.OpenEpoch(reader.Newest!.Value);
        using LazyGuest? lazy = served ? null : new LazyGuest(epoch, null, new LazyResumeOptions());
        if (offered is not null)
        {
            await offered.Offer.Complete.WaitAsync(OfferedGuest.Patience, TestContext.Current.CancellationToken);
        }
        else
        {
            Assert.Equal(ResumeOutcome.Complete, lazy!.WaitUntilComplete().Outcome);
        }

        // Its only copy would be lost behind zeros.
        MemoryRegion memory = (offered?.Guest ?? lazy!.Guest).Memory;
        Assert.False(memory.IsWhole);
        Assert.Throws<InvalidOperationException>(() => memory.CopyPages(new Pfn(0), new byte[memory.PageSize], new GuestPageType[1]));
    }
}
