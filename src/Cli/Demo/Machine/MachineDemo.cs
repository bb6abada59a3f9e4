using System.Globalization;
using System.Text.Json;
using PageStore.Checkpoint;
using PageStore.Native;

namespace PageStore.Cli;

/// <summary>What the demo of a machine is asked for.</summary>
/// <param name="MemoryBytes">The guest's memory, whole pages.</param>
/// <param name="Epochs">After how many epochs it is killed, at least 1.</param>
/// <param name="Seconds">How long it is followed after each return.</param>
/// <param name="Ways">How it is brought back, one way after the other; the full one is the first.</param>
internal sealed record MachineDemoRequest(long MemoryBytes, int Epochs, double Seconds, IReadOnlyList<ResumeWay> Ways)
{
    /// <summary>The guest's working set in bytes; null for its share of the memory.</summary>
    public long? WorkingBytes { get; init; }

    /// <summary>How much of its memory holds something, in bytes, the working set among it; null for its share of the memory.</summary>
    public long? ConfiguredBytes { get; init; }

    /// <summary>Where its checkpoint file is to stay; null for nowhere.</summary>
    public string? KeepFile { get; init; }

    /// <summary>Whether the guest looks through all of its memory at last. Without that it checks what it reads as it works.</summary>
    public bool Check { get; init; } = true;
}

/// <summary>A machine that was killed, on disk.</summary>
/// <param name="Path">The file.</param>
/// <param name="Epochs">The epochs that were taken; there may be one more.</param>
/// <param name="KillCode">What the killed process returned.</param>
/// <param name="Newest">The epoch that is brought back.</param>
/// <param name="WorkingBytes">What the guest works in.</param>
internal sealed record MachineCheckpoint(string Path, IReadOnlyList<DemoEpoch> Epochs, int KillCode, EpochInfo Newest, long WorkingBytes);

/// <summary>
/// Runs the whole way on a machine: a process runs it and takes epochs of it at a fixed rate, is killed, and new processes bring its newest epoch back, one way after the other.
/// </summary>
/// <param name="request">What is asked for.</param>
/// <param name="say">Told of each step, in a line.</param>
/// <param name="cancellation">Ends the demo.</param>
internal sealed class MachineDemo(MachineDemoRequest request, Action<string> say, CancellationToken cancellation)
{
    /// <summary>How often a server says how far it is: ten times a second costs a guest nothing that could be measured, and gives a curve.</summary>
    private static readonly TimeSpan ServerProgress = TimeSpan.FromMilliseconds(100);

    /// <summary>What this host lacks for it; null if nothing.</summary>
    /// <exception cref="UnsupportedException">The shim itself cannot be used on this host.</exception>
    public static string? Missing() => KvmCapabilities.Probe().Missing ?? LinuxTrackingCapabilities.Probe().Missing;

    /// <summary>What this host lacks for a machine whose memory is missing still; null if nothing.</summary>
    public static string? MissingForLazy()
    {
        LinuxTrackingCapabilities host = LinuxTrackingCapabilities.Probe();
        return host.HasKernelFaults || host.HasUserfaultfdDevice
            ? null
            : "userfaultfd serves no faults from inside the kernel, as a machine's are: run as root, or make /dev/userfaultfd readable and writable.";
    }

    /// <summary>Runs it.</summary>
    /// <exception cref="CorruptDataException">What came back is not what went in.</exception>
    /// <exception cref="PageStoreException">A process failed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; nothing is left of it.</exception>
    public MachineDemoResult Run()
    {
        using var folder = new DemoFolder();
        MachineCheckpoint checkpoint = CaptureAndKill(folder["guest.pages"]);
        if (request.KeepFile is { } keep)
        {
            File.Copy(checkpoint.Path, keep);
            say($"its checkpoint file is kept as {keep}");
        }

        List<MachineReturn> found = [.. request.Ways.Select(way => Resume(checkpoint, way))];
        return MachineDemoResult.Of(request.MemoryBytes, checkpoint, found, new ProgressCurve(found[0].Resumed.Samples).MedianSpeed());
    }

    /// <summary>Runs the machine until it is killed.</summary>
    /// <param name="path">Its checkpoint file, which it makes.</param>
    public MachineCheckpoint CaptureAndKill(string path)
    {
        long working = DemoWorkload.For(request.MemoryBytes, request.WorkingBytes).WorkingBytes;
        say($"a virtual machine works on {ByteSize.Format(working)} of its {ByteSize.Format(request.MemoryBytes)}; a restorable epoch is taken every {DemoEpoch.Interval.TotalMilliseconds} ms");
        string[] configured = request.ConfiguredBytes is { } some ? [DemoCaptureCommand.ConfiguredOption, some.ToString(CultureInfo.InvariantCulture)] : [];
        using ToolChild child = ToolChild.Start(
            cancellation,
            [
                DemoCaptureCommand.Name,
                path,
                DemoCaptureCommand.MemoryOption,
                request.MemoryBytes.ToString(CultureInfo.InvariantCulture),
                DemoCaptureCommand.WorkingOption,
                working.ToString(CultureInfo.InvariantCulture),
                .. configured,
            ]);
        List<DemoEpoch> epochs = [];
        while (epochs.Count < request.Epochs)
        {
            string line = child.ReadLine() ?? throw child.Failure();
            epochs.Add(JsonSerializer.Deserialize(line, ResultJson.Default.DemoEpoch)!);
        }

        int code = child.Kill();
        EpochInfo newest = Newest(path);
        say($"its process was killed (SIGKILL) after {epochs.Count} epochs; epoch {newest.Id} is the newest that can run again");
        return new MachineCheckpoint(path, epochs, code, newest, working);
    }

    /// <summary>Brings it back in new processes, from a file that the kernel was made to forget if it can be.</summary>
    public MachineReturn Resume(MachineCheckpoint checkpoint, ResumeWay way)
    {
        bool cold = FileCache.TryDrop(checkpoint.Path);
        say($"{way.Name}: {way.Description}{(cold ? string.Empty : "; warm, since this process cannot make the kernel forget the file")}");
        return Resume(checkpoint, way, cold);
    }

    /// <summary>Brings it back in new processes, from a file of which the kernel holds what it holds.</summary>
    /// <param name="checkpoint">The machine.</param>
    /// <param name="way">How.</param>
    /// <param name="cold">Whether the kernel was made to forget the file.</param>
    public MachineReturn Resume(MachineCheckpoint checkpoint, ResumeWay way, bool cold)
    {
        if (way.ServeOptions is null)
        {
            return new MachineReturn(way, cold, Resume(checkpoint.Path, []), null);
        }

        string socket = Path.ChangeExtension(checkpoint.Path, ".sock");
        using ToolChild server = ToolChild.Start(cancellation, way.ServeArguments(checkpoint.Path, checkpoint.Newest.Id.Value, socket, ServerProgress));
        server.WaitUntilItSays(" is served at ");

        // Read all the while: a server that cannot say more would not serve any more either.
        Task<string> output = Task.Run(server.Finish);
        MachineResumed resumed = Resume(checkpoint.Path, [DemoResumeCommand.SocketOption, socket, DemoResumeCommand.ServerOption, server.Id.ToString(CultureInfo.InvariantCulture)]);
        return new MachineReturn(way, cold, resumed, MachineServed.Read(output.GetAwaiter().GetResult()));
    }

    private static EpochInfo Newest(string path)
    {
        using CheckpointReader reader = CheckpointFiles.OpenReader(path);
        return MachineResume.NewestOf(reader);
    }

    private MachineResumed Resume(string path, string[] served)
    {
        string[] check = request.Check ? [DemoResumeCommand.CheckOption] : [];
        using ToolChild child = ToolChild.Start(
            cancellation, [DemoResumeCommand.Name, path, DemoResumeCommand.SecondsOption, request.Seconds.ToString(CultureInfo.InvariantCulture), .. served, .. check]);
        return JsonSerializer.Deserialize(child.Finish(), ResultJson.Default.MachineResumed)!;
    }
}
