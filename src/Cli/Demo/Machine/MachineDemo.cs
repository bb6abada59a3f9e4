using System.Globalization;
using System.Text.Json;
using PageStore.Checkpoint;
using PageStore.Native;

namespace PageStore.Cli;

/// <summary>What the demo of a machine is asked for.</summary>
/// <param name="MemoryBytes">The guest's memory, whole pages.</param>
/// <param name="Epochs">After how many epochs it is killed, at least 1.</param>
/// <param name="Seconds">How long it is followed after each return.</param>
internal sealed record MachineDemoRequest(long MemoryBytes, int Epochs, double Seconds);

/// <summary>
/// Runs the whole way on a machine: a process runs it and takes epochs of it at a fixed rate, is killed, and new processes bring its newest epoch back, one way after the other.
/// </summary>
/// <param name="request">What is asked for.</param>
/// <param name="say">Told of each step, in a line.</param>
/// <param name="cancellation">Ends the demo.</param>
internal sealed class MachineDemo(MachineDemoRequest request, Action<string> say, CancellationToken cancellation)
{
    /// <summary>What this host lacks for it; null if nothing.</summary>
    /// <exception cref="UnsupportedException">The shim itself cannot be used on this host.</exception>
    public static string? Missing() => KvmCapabilities.Probe().Missing ?? LinuxTrackingCapabilities.Probe().Missing;

    /// <summary>Runs it.</summary>
    /// <exception cref="CorruptDataException">What came back is not what went in.</exception>
    /// <exception cref="PageStoreException">A process failed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; nothing is left of it.</exception>
    public MachineDemoResult Run()
    {
        using var folder = new DemoFolder();
        string path = folder["guest.pages"];
        GuestWorkload workload = DemoWorkload.For(request.MemoryBytes);
        say($"a virtual machine works on {ByteSize.Format(workload.WorkingBytes)} of its {ByteSize.Format(request.MemoryBytes)}; a restorable epoch is taken every {DemoEpoch.Interval.TotalMilliseconds} ms");
        (List<DemoEpoch> epochs, int code) = CaptureAndKill(path);
        EpochInfo newest = Newest(path);
        say($"its process was killed (SIGKILL) after {epochs.Count} epochs; epoch {newest.Id} is the newest that can run again");

        List<(MachineResumed Resumed, bool Cold)> found = [.. ResumeWay.All.Select(way => Resume(path, way))];
        double fullSpeed = new ProgressCurve(found.First(one => one.Resumed.Way == ResumeWay.Full.Name).Resumed.Samples).MedianSpeed();
        return new MachineDemoResult(
            "kvm",
            DemoHost.Ask(),
            request.MemoryBytes,
            newest.PagesConfigured * PageSizes.Default,
            workload.WorkingBytes,
            epochs.Sum(epoch => epoch.Bytes),
            epochs,
            code,
            newest.Id.Value,
            fullSpeed,
            [.. found.Select(one => MachineWay.Of(one.Resumed, fullSpeed, one.Cold))]);
    }

    private static EpochInfo Newest(string path)
    {
        using CheckpointReader reader = CheckpointFiles.OpenReader(path);
        return MachineResume.NewestOf(reader);
    }

    private (List<DemoEpoch> Epochs, int KillCode) CaptureAndKill(string path)
    {
        using ToolChild child = ToolChild.Start(
            cancellation, DemoCaptureCommand.Name, path, DemoCaptureCommand.MemoryOption, request.MemoryBytes.ToString(CultureInfo.InvariantCulture));
        List<DemoEpoch> epochs = [];
        while (epochs.Count < request.Epochs)
        {
            string line = child.ReadLine() ?? throw child.Failure();
            epochs.Add(JsonSerializer.Deserialize(line, ResultJson.Default.DemoEpoch)!);
        }

        return (epochs, child.Kill());
    }

    private (MachineResumed Resumed, bool Cold) Resume(string path, ResumeWay way)
    {
        bool cold = FileCache.TryDrop(path);
        say($"{way.Name}: {way.Description}{(cold ? string.Empty : "; warm, since this process cannot make the kernel forget the file")}");
        using ToolChild child = ToolChild.Start(
            cancellation, DemoResumeCommand.Name, path, DemoResumeCommand.WayOption, way.Name, DemoResumeCommand.SecondsOption, request.Seconds.ToString(CultureInfo.InvariantCulture));
        return (JsonSerializer.Deserialize(child.Finish(), ResultJson.Default.MachineResumed)!, cold);
    }
}
