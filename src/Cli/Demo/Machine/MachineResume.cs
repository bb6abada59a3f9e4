using System.Diagnostics;
using PageStore.Checkpoint;
using PageStore.Native;

namespace PageStore.Cli;

/// <summary>What a process is to bring back, and how.</summary>
/// <param name="Path">The checkpoint file.</param>
/// <param name="Socket">Where the server of its memory listens; null if the process reads all of it itself.</param>
/// <param name="ServerId">The server's process, whose reading counts; null without one.</param>
/// <param name="Duration">How long the guest is followed.</param>
/// <param name="Check">Whether it then looks through all of its memory.</param>
internal sealed record MachineResumeRequest(string Path, string? Socket, int? ServerId, TimeSpan Duration, bool Check);

/// <summary>The process that brings a machine back, runs it for a while and has it check itself.</summary>
internal static class MachineResume
{
    /// <summary>Brings the newest epoch of a file back from which a guest can run again.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="CorruptDataException">There is no such epoch, it is damaged, or the guest found itself to be.</exception>
    /// <exception cref="PageStoreException">The host has no KVM or userfaultfd for it, the file cannot be read, or the server has gone.</exception>
    public static MachineResumed Run(MachineResumeRequest request, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        var input = new ProcessInput(request.ServerId);
        using CheckpointReader reader = CheckpointFiles.OpenReader(request.Path);
        using Epoch epoch = reader.OpenEpoch(NewestOf(reader).Id);
        using var guest = new LiveGuest(epoch.PageCount * epoch.PageSize);
        double? handedOver = null;
        long pages = 0;
        if (request.Socket is { } socket)
        {
            // The server ends with the last page.
            guest.Offer(socket, onWhole: input.Note);
            handedOver = Elapsed();
        }
        else
        {
            pages = EagerLoad.Into(epoch, guest.Memory, cancellation);
        }

        // While the server reads, too. From here on nobody looks into the guest's memory but itself.
        guest.Machine.SetState(StateOf(epoch));
        long operations = GuestWorkload.StateOf(epoch).Operations;
        guest.WaitUntilServed(cancellation);
        double ready = Elapsed();
        IReadOnlyList<ProgressSample> samples = new ProgressRecorder(guest, start).Follow(operations, request.Duration, input.Note, cancellation);
        long? read = input.BytesRead();
        return new MachineResumed(epoch.Info.Id.Value, handedOver, ready, pages, samples, read, request.Check ? Check(guest, cancellation) : null);

        double Elapsed() => Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>The newest epoch from which a guest can run again.</summary>
    /// <exception cref="CorruptDataException">There is none.</exception>
    public static EpochInfo NewestOf(CheckpointReader reader) =>
        reader.Epochs().LastOrDefault(epoch => epoch.Consistency == EpochConsistency.Restorable)
            ?? throw new CorruptDataException("The checkpoint holds no epoch from which a guest can run again.");

    private static double Check(LiveGuest guest, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        guest.CheckAndEnd(cancellation);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>The state of the processor at an epoch.</summary>
    public static byte[] StateOf(Epoch epoch)
    {
        using Stream content = epoch.OpenState(KvmPause.StateName);
        using var state = new MemoryStream();
        content.CopyTo(state);
        return state.ToArray();
    }
}
