using System.Diagnostics;
using PageStore.Checkpoint;
using PageStore.Native;

namespace PageStore.Cli;

/// <summary>The process that brings a machine back, runs it for a while and has it check itself.</summary>
internal static class MachineResume
{
    /// <summary>Brings the newest epoch of a file back from which a guest can run again.</summary>
    /// <param name="path">The checkpoint file.</param>
    /// <param name="way">How.</param>
    /// <param name="duration">How long the guest is followed.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="CorruptDataException">There is no such epoch, it is damaged, or the guest found itself to be.</exception>
    /// <exception cref="PageStoreException">The host has no KVM for it, or the file cannot be read.</exception>
    public static MachineResumed Run(string path, ResumeWay way, TimeSpan duration, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        long? readBefore = ProcessInput.BytesRead();
        using CheckpointReader reader = CheckpointFiles.OpenReader(path);
        EpochInfo newest = NewestOf(reader);
        Epoch epoch = reader.OpenEpoch(newest.Id);
        using var guest = new LiveGuest(epoch.PageCount * epoch.PageSize);
        long pages = EagerLoad.Into(epoch, guest.Memory, cancellation);
        guest.Machine.SetState(StateOf(epoch));
        double ready = Stopwatch.GetElapsedTime(start).TotalSeconds;

        IReadOnlyList<ProgressSample> samples = new ProgressRecorder(guest, start).Follow(GuestWorkload.StateOf(epoch).Operations, duration, cancellation);
        long? read = ProcessInput.BytesRead() - readBefore;
        long check = Stopwatch.GetTimestamp();
        guest.CheckAndEnd(cancellation);

        // All of its memory was there.
        return new MachineResumed(way.Name, newest.Id.Value, ready, pages, samples, 0, read, Stopwatch.GetElapsedTime(check).TotalSeconds);
    }

    /// <summary>The newest epoch from which a guest can run again.</summary>
    /// <exception cref="CorruptDataException">There is none.</exception>
    public static EpochInfo NewestOf(CheckpointReader reader) =>
        reader.Epochs().LastOrDefault(epoch => epoch.Consistency == EpochConsistency.Restorable)
            ?? throw new CorruptDataException("The checkpoint holds no epoch from which a guest can run again.");

    private static byte[] StateOf(Epoch epoch)
    {
        using Stream content = epoch.OpenState(KvmPause.StateName);
        using var state = new MemoryStream();
        content.CopyTo(state);
        return state.ToArray();
    }
}
