using PageStore.Checkpoint;
using PageStore.Cli;
using PageStore.Native;
using Xunit;

namespace PageStore.Integration.Tests;

/// <summary>A file with restorable epochs of the guest of the demo, and where it would have ended.</summary>
internal sealed class CapturedGuest : IDisposable
{
    internal CapturedGuest(int epochs)
    {
        using WorkingGuest guest = WorkingGuest.Start(Workload);
        using var log = new LinuxAccessLog(guest.Memory);
        using CheckpointWriter writer = CheckpointWriter.Create(FilePath);
        guest.HoldBeforeEnd();
        using (var capture = new GuestCapture(writer, guest.Memory, log, new KvmPause(guest.Machine)))
        {
            // It stands while an epoch is taken, so that it has most of its work before it.
            for (int epoch = 0; epoch < epochs; epoch++)
            {
                capture.CaptureRestorable(new KvmPause(guest.Machine));
                guest.Machine.Run();
                guest.WaitForReports(2);
                guest.Machine.Pause();
            }
        }

        guest.Machine.Run();
        guest.AssertEnded();
        End = guest.State;
    }

    /// <summary>It ends by itself, having checked everything.</summary>
    internal static GuestWorkload Workload { get; } = WorkingGuest.Workload with { EndOperations = 1_000_000 };

    internal string FilePath { get; } = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".pages");

    internal GuestWorkloadState End { get; }

    /// <summary>Flips a bit of a page that the guest filled once and looks at before it ends.</summary>
    internal Pfn DamageColdPage()
    {
        byte[] content = new byte[PageSizes.Default];
        var page = new Pfn((Workload.ConfiguredBytes / PageSizes.Default) - 9);
        using (CheckpointReader reader = CheckpointReader.Open(FilePath))
        {
            reader.OpenEpoch(reader.Newest!.Value).ReadPage(page, content);
        }

        byte[] file = File.ReadAllBytes(FilePath);
        int at = file.AsSpan().IndexOf(content);
        Assert.True(at > 0, "the page is not in the file as it is");
        file[at + 1000] ^= 1;
        File.WriteAllBytes(FilePath, file);
        return page;
    }

    public void Dispose() => File.Delete(FilePath);
}
