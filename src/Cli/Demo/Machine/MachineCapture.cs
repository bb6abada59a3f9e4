using PageStore.Checkpoint;
using PageStore.Native;

namespace PageStore.Cli;

/// <summary>The process that runs the machine, and takes epochs of it until it is killed.</summary>
internal static class MachineCapture
{
    /// <summary>Before the first epoch: the guest works undisturbed for so long.</summary>
    private static readonly TimeSpan Warmth = TimeSpan.FromMilliseconds(500);

    /// <summary>Room for what this guest writes in an interval, about 50 MB, so that none of it is stored twice.</summary>
    private const long BufferBytes = 64 << 20;

    /// <summary>Runs the guest, and takes restorable epochs without end.</summary>
    /// <param name="path">The checkpoint file, which it makes.</param>
    /// <param name="memoryBytes">The guest's memory.</param>
    /// <param name="workload">What it does.</param>
    /// <param name="onEpoch">Told of each epoch that is committed.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="PageStoreException">The host has no KVM for it, the guest stopped, or the file cannot be written.</exception>
    public static void Run(string path, long memoryBytes, GuestWorkload workload, Action<EpochReport> onEpoch, CancellationToken cancellation)
    {
        using var guest = new LiveGuest(memoryBytes);
        workload.Load(guest.Memory, guest.Machine);
        using var log = new LinuxAccessLog(guest.Memory);
        var pause = new KvmPause(guest.Machine);
        using CheckpointWriter writer = CheckpointWriter.Create(path);
        using var packs = new PackKeeper(writer, new PredictivePolicy());
        using var capture = new GuestCapture(writer, guest.Memory, log, pause, new CaptureOptions { BufferBytes = BufferBytes, Packs = packs });
        guest.Machine.Run();
        guest.WaitUntilReady(cancellation);
        cancellation.WaitHandle.WaitOne(Warmth);
        capture.Run(DemoEpoch.Interval, null, onEpoch, cancellation, new RestorableEpochs(pause) { Every = 1 });
    }
}
