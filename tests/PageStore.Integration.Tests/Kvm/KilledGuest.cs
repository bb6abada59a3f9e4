using System.Globalization;
using PageStore.Checkpoint;
using PageStore.Cli;
using PageStore.Native;

namespace PageStore.Integration.Tests;

/// <summary>
/// The child of a test: runs a guest, from the newest epoch of a file or from its start, and takes restorable epochs of it without pause, until
/// it is killed. It says when it begins, when the guest runs, when all of its memory is there, and the number of each epoch once that is committed.
/// </summary>
internal static class KilledGuest
{
    internal const string Role = "--kvm-guest";

    /// <summary>The log is the guest's mapping's.</summary>
    internal const string AccessLog = "access";

    /// <summary>The log is KVM's.</summary>
    internal const string KvmLog = "kvm";

    /// <summary>What it says before it brings the guest back.</summary>
    internal const string Begins = "begins";

    /// <summary>What it says when the guest runs.</summary>
    internal const string Runs = "runs";

    /// <summary>What it says when all of the guest's memory is there, and captures begin.</summary>
    internal const string Whole = "whole";

    /// <summary>Half of what other tests run, so that it is killed and comes back often.</summary>
    internal static GuestWorkload Workload { get; } = WorkingGuest.Workload with { WorkingBytes = 8 << 20, ConfiguredBytes = 17 << 20 };

    internal static int Run(string path, string kind, string way, string socket)
    {
        Console.WriteLine(Begins);
        using CheckpointWriter writer = CheckpointWriter.OpenOrCreate(path, new CheckpointWriterOptions { Codec = PageCodecs.Lz4 }, out bool isNew);
        using Epoch? epoch = isNew || writer.Newest is not { } newest ? null : writer.OpenEpoch(newest);
        using ReturnedGuest returned = epoch is null ? ReturnedGuest.New(Workload) : ReturnedGuest.Bring(path, epoch, way, ReturnedGuest.Packed, socket);
        WorkingGuest guest = returned.Guest;
        guest.Machine.Run();
        Console.WriteLine(Runs);

        // It works all the while; what is missing of its memory cannot be captured.
        returned.WaitUntilWhole();
        Console.WriteLine(Whole);
        using IDirtyLog log = kind == KvmLog ? new KvmDirtyLog(guest.Machine) : new LinuxAccessLog(guest.Memory);
        using PackKeeper? packs = way == ReturnedGuest.Lazily ? new PackKeeper(writer, ResumePolicies.Create(ResumePolicies.Names[^1])) : null;
        var pause = new KvmPause(guest.Machine);
        using var capture = new GuestCapture(writer, guest.Memory, log, pause, new CaptureOptions { Packs = packs });
        capture.Run(
            TimeSpan.FromMilliseconds(10), null, report => Say(writer, report.Epoch), CancellationToken.None, new RestorableEpochs(pause) { Every = 1 });
        return 0;
    }

    /// <summary>Few epochs stay, so that however often it is killed, the file stays small; and pruning is killed, too.</summary>
    private static void Say(CheckpointWriter writer, EpochInfo epoch)
    {
        Console.WriteLine(epoch.Id.Value.ToString(CultureInfo.InvariantCulture));
        if (epoch.Id.Value % 5 == 0)
        {
            writer.Prune(new PrunePolicy { KeepLast = 3 });
        }
    }
}
