using PageStore.Checkpoint;
using PageStore.Cli;
using PageStore.Native;

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

    public void Dispose() => File.Delete(FilePath);
}
