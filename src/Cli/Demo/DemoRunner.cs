using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using PageStore.Checkpoint;
using PageStore.Native;

namespace PageStore.Cli;

/// <summary>
/// Runs the whole way on a real workload: a store works in tracked memory, epochs are taken of it at a fixed rate, it is abandoned, and
/// a new process brings the last epoch back, checks every record and goes on working.
/// </summary>
internal static class DemoRunner
{
    /// <summary>The hidden command that the new process runs.</summary>
    public const string ResumeCommand = "demo-resume";

    /// <summary>From one epoch to the next.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private const int Seed = 1;

    /// <summary>Runs the guest, and brings it back.</summary>
    /// <param name="memoryBytes">The guest's memory.</param>
    /// <param name="epochs">How many epochs are taken, at least 1.</param>
    /// <param name="onEpoch">Told of each epoch.</param>
    /// <param name="cancellation">Ends the demo after the epoch under way.</param>
    /// <exception cref="UnsupportedException">This host cannot track memory.</exception>
    /// <exception cref="CorruptDataException">What came back is not what went in.</exception>
    public static DemoResult Run(long memoryBytes, int epochs, Action<DemoEpoch> onEpoch, CancellationToken cancellation)
    {
        if (LinuxTrackingCapabilities.Probe().Missing is { } missing)
        {
            throw new UnsupportedException(missing);
        }

        string folder = Directory.CreateTempSubdirectory("pagestore-demo-").FullName;
        try
        {
            string path = Path.Combine(folder, "guest.pages");
            var rows = new List<DemoEpoch>();
            (EpochInfo last, long writes) = RunGuest(path, memoryBytes, epochs, Note, cancellation);
            DemoRestored restored = ResumeInNewProcess(path, writes, cancellation);
            return new DemoResult(memoryBytes, last.PagesConfigured * PageSizes.Default, rows.Sum(row => row.Bytes), rows, restored);

            void Note(DemoEpoch row)
            {
                rows.Add(row);
                onEpoch(row);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>What the new process does.</summary>
    /// <param name="path">The checkpoint file.</param>
    /// <param name="expectedWrites">The writes that the store had counted when the last epoch was taken.</param>
    /// <exception cref="CorruptDataException">What came back is not what went in.</exception>
    public static DemoRestored Resume(string path, long expectedWrites)
    {
        long start = Stopwatch.GetTimestamp();
        using CheckpointReader reader = CheckpointFiles.OpenReader(path);
        Epoch epoch = reader.OpenNewest();
        using MemoryRegion region = MemoryRegion.CreateShared(epoch.PageCount * epoch.PageSize);
        long pages = Load(epoch, region);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;

        HashStore store = HashStore.Open(region);
        if (store.Writes != expectedWrites)
        {
            throw new CorruptDataException($"The guest came back with {store.Writes} writes; the last epoch was taken at {expectedWrites}.") { Epoch = epoch.Info.Id };
        }

        long records = store.CheckAll();
        const int operations = 500_000;
        var random = new Random(Seed + 1);
        DemoGuest.Work(store, new ZipfKeys(store.Records, random), random, operations);
        store.CheckAll();
        return new DemoRestored(epoch.Info.Id.Value, seconds, pages, records, expectedWrites, operations);
    }

    private static (EpochInfo Last, long Writes) RunGuest(string path, long memoryBytes, int epochs, Action<DemoEpoch> onEpoch, CancellationToken cancellation)
    {
        using MemoryRegion region = MemoryRegion.CreateShared(memoryBytes);
        using var guest = new DemoGuest(HashStore.Create(region), Seed);
        using var log = new LinuxAccessLog(region);
        using CheckpointWriter writer = CheckpointWriter.Create(path);
        using var capture = new GuestCapture(writer, region, log, guest);
        EpochInfo? last = null;
        capture.Run(Interval, epochs, Note, cancellation);
        return (last ?? throw new OperationCanceledException(cancellation), guest.WritesAtPause);

        void Note(EpochReport report)
        {
            last = report.Epoch;
            onEpoch(DemoEpoch.Of(report));
        }
    }

    private static long Load(Epoch epoch, MemoryRegion region)
    {
        // Large enough that the cost of a call vanishes, small enough to stay in a core's cache.
        const int step = 64;
        long pages = 0;
        foreach (PfnRun run in epoch.DataRuns())
        {
            for (long at = 0; at < run.Count; at += step)
            {
                int count = (int)Math.Min(step, run.Count - at);
                epoch.ReadPages(run.First + at, region.GetSpan((run.First.Value + at) * epoch.PageSize, count * epoch.PageSize));
            }

            pages += run.Count;
        }

        return pages;
    }

    private static DemoRestored ResumeInNewProcess(string path, long writes, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };

        // Under "dotnet run" or "dotnet exec" the process is the host, and the tool is its first argument.
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
        {
            start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "PageStore.Cli.dll"));
        }

        start.ArgumentList.Add(ResumeCommand);
        start.ArgumentList.Add(path);
        start.ArgumentList.Add(writes.ToString(CultureInfo.InvariantCulture));
        using Process process = Process.Start(start) ?? throw new StorageException("The process that brings the guest back did not start.");
        using CancellationTokenRegistration kill = cancellation.Register(process.Kill);
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        cancellation.ThrowIfCancellationRequested();
        return process.ExitCode == 0
            ? JsonSerializer.Deserialize(output, ResultJson.Default.DemoRestored)!
            : throw new CorruptDataException($"The process that brings the guest back ended with {process.ExitCode}; what it found stands above.");
    }
}
