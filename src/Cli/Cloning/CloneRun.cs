using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using PageStore.Checkpoint;
using PageStore.Native;

namespace PageStore.Cli;

/// <summary>What <c>pagestore clone</c> is asked for.</summary>
/// <param name="Source">The file, and the epoch; without one the newest from which a guest can run.</param>
/// <param name="Count">How many clones, from 1 up.</param>
/// <param name="Duration">How long all of them run at once.</param>
internal sealed record CloneRequest(EpochReference Source, int Count, TimeSpan Duration);

/// <summary>Reads an epoch into memory once, and runs machines from it, each in a process of its own: one starts after the other, then all run at once, are measured standing, and check themselves.</summary>
/// <param name="request">What is asked for.</param>
/// <param name="say">Told of each step, in a line.</param>
/// <param name="cancellation">Ends it.</param>
internal sealed class CloneRun(CloneRequest request, Action<string> say, CancellationToken cancellation)
{
    private readonly List<ToolChild> _hosts = [];

    /// <summary>Runs it.</summary>
    /// <exception cref="CorruptDataException">The epoch is damaged, or a guest found its memory to be.</exception>
    /// <exception cref="PageStoreException">The host has no KVM, the epoch is no guest's of the demo, or a process failed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; nothing is left of it.</exception>
    public CloneResult Run(CheckpointAccess access)
    {
        long start = Stopwatch.GetTimestamp();
        using CheckpointReader reader = CheckpointFiles.OpenReader(request.Source.Path, access.Key, access.ExpectedRoot, access.Store);
        using Epoch epoch = reader.OpenEpoch(request.Source.Epoch ?? MachineResume.NewestOf(reader).Id);
        byte[] state = StateOf(epoch);
        if (KvmCapabilities.Probe().Missing is { } missing)
        {
            throw new UnsupportedException($"Clones are virtual machines: {missing}") { IsMissingOnHost = true };
        }

        using CloneBase source = CloneBase.Create(epoch.PageCount * epoch.PageSize, memory => EagerLoad.Into(epoch, memory, cancellation));
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        say($"epoch {epoch.Info.Id} is in memory once; {request.Count} clones are started one after the other");
        try
        {
            return Run(epoch, source, state, seconds);
        }
        finally
        {
            _hosts.ForEach(host => host.Dispose());
        }
    }

    private static byte[] StateOf(Epoch epoch)
    {
        if (!epoch.Info.States.Any(section => section.Name == KvmPause.StateName) || !GuestWorkload.StateOf(epoch).IsReady)
        {
            throw new UnsupportedException($"Epoch {epoch.Info.Id} is no epoch of the virtual machine of pagestore demo that can run again: clone runs no other guests.");
        }

        return MachineResume.StateOf(epoch);
    }

    private CloneResult Run(Epoch epoch, CloneBase source, byte[] state, double seconds)
    {
        StartHosts(source.Path);
        string start = $"{CloneHost.Start} {Convert.ToBase64String(state)}";
        CloneStarted[] started = [.. _hosts.Select(host => Ask(host, start, ResultJson.Default.CloneStarted))];
        Tell(CloneHost.Run);
        say($"all run at once for {request.Duration.TotalSeconds} s");
        cancellation.WaitHandle.WaitOne(request.Duration);
        cancellation.ThrowIfCancellationRequested();
        Tell(CloneHost.Pause);

        // The base first: with its pages mapped here, the account of all is whole. Nothing changes while all stand.
        RegionUsage ofSource = source.MeasureUsage();
        CloneMeasured[] measured = [.. _hosts.Select(host => Ask(host, CloneHost.Measure, ResultJson.Default.CloneMeasured))];
        say("each looks through all of its memory");
        CloneChecked[] found = Check();
        long own = measured.Sum(clone => clone.OwnPages) * epoch.PageSize;
        return new CloneResult(
            epoch.Info.Id.Value,
            source.Length,
            seconds,
            ofSource.ResidentBytes,
            ofSource.ProportionalBytes,
            own,
            ofSource.ProportionalBytes + measured.Sum(clone => clone.GuestPss),
            measured.Sum(clone => clone.ProcessPss),
            [.. _hosts.Select((host, i) => new CloneLine(host.Id, started[i].StartMs, started[i].FirstProgressMs, measured[i].OwnPages, measured[i].GuestPss, measured[i].ProcessPss, found[i].Seconds))]);
    }

    /// <summary>As many at once as there are processors: more would only be in each other's way.</summary>
    private void StartHosts(string path)
    {
        for (int i = 0; i < request.Count; i++)
        {
            _hosts.Add(ToolChild.Start(cancellation, CloneHostCommand.Name, path));
            if (i >= Environment.ProcessorCount)
            {
                Listen(_hosts[i - Environment.ProcessorCount]);
            }
        }

        _hosts.TakeLast(Math.Min(Environment.ProcessorCount, request.Count)).ToList().ForEach(host => Listen(host));
    }

    /// <summary>A guest has the host to itself while it looks: their times are no measure of each other otherwise, and there is nothing to gain.</summary>
    private CloneChecked[] Check() => [.. _hosts.Select(host => Ask(host, CloneHost.Check, ResultJson.Default.CloneChecked))];

    private void Tell(string what)
    {
        _hosts.ForEach(host => host.Say(what));
        _hosts.ForEach(host => Listen(host));
    }

    private static T Ask<T>(ToolChild host, string what, JsonTypeInfo<T> type)
    {
        host.Say(what);
        return JsonSerializer.Deserialize(Listen(host), type)!;
    }

    private static string Listen(ToolChild host) => host.ReadLine() ?? throw host.Failure();
}
