using System.Globalization;
using PageStore.Checkpoint;
using PageStore.Native;

namespace PageStore.Integration.Tests;

/// <summary>
/// The child of a test: runs a guest, from the newest epoch of a file or from its start, and takes restorable epochs of it without pause, until
/// it is killed. Of each it says the number once it is committed.
/// </summary>
internal static class KilledGuest
{
    /// <summary>The log is the guest's mapping's.</summary>
    internal const string AccessLog = "access";

    /// <summary>The log is KVM's.</summary>
    internal const string KvmLog = "kvm";

    internal static int Run(string path, string kind)
    {
        using CheckpointWriter writer = CheckpointWriter.OpenOrCreate(path, new CheckpointWriterOptions { Codec = PageCodecs.Lz4 }, out bool isNew);
        using WorkingGuest guest = isNew || writer.Newest is not { } newest ? WorkingGuest.Start(WorkingGuest.Workload) : WorkingGuest.Restore(writer.OpenEpoch(newest));
        using IDirtyLog log = kind == KvmLog ? new KvmDirtyLog(guest.Machine) : new LinuxAccessLog(guest.Memory);
        var pause = new KvmPause(guest.Machine);
        using var capture = new GuestCapture(writer, guest.Memory, log, pause);
        guest.Machine.Run();
        capture.Run(
            TimeSpan.FromMilliseconds(10), null, report => Say(writer, report.Epoch.Id), CancellationToken.None, new RestorableEpochs(pause) { Every = 1 });
        return 0;
    }

    /// <summary>Few epochs stay, so that however often it is killed, the file stays small; and pruning is killed, too.</summary>
    private static void Say(CheckpointWriter writer, EpochId epoch)
    {
        Console.WriteLine(epoch.Value.ToString(CultureInfo.InvariantCulture));
        if (epoch.Value % 5 == 0)
        {
            writer.Prune(new PrunePolicy { KeepLast = 3 });
        }
    }
}
