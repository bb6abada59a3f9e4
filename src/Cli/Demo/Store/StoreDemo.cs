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
internal static class StoreDemo
{
    /// <summary>The hidden command that the new process runs.</summary>
    public const string RestoreCommand = "demo-restore";

    private const int Seed = 1;

    /// <summary>Runs the guest, and brings it back.</summary>
    /// <param name="whyNoMachine">What the host lacks for a virtual machine.</param>
    /// <param name="memoryBytes">The guest's memory.</param>
    /// <param name="epochs">How many epochs are taken, at least 1.</param>
    /// <param name="cancellation">Ends the demo after the epoch under way.</param>
    /// <exception cref="UnsupportedException">This host cannot track memory.</exception>
    /// <exception cref="CorruptDataException">What came back is not what went in.</exception>
    public static StoreDemoResult Run(string whyNoMachine, long memoryBytes, int epochs, CancellationToken cancellation)
    {
        if (LinuxTrackingCapabilities.Probe().Missing is { } missing)
        {
            throw new UnsupportedException(missing);
        }

        using var folder = new DemoFolder();
        string path = folder["guest.pages"];
        var rows = new List<DemoEpoch>();
        (EpochInfo last, long writes) = RunGuest(path, memoryBytes, epochs, row => rows.Add(row), cancellation);
        StoreRestored restored = RestoreInNewProcess(path, writes, cancellation);
        return new StoreDemoResult("process", whyNoMachine, memoryBytes, last.PagesConfigured * PageSizes.Default, rows.Sum(row => row.Bytes), rows, restored);
    }

    /// <summary>What the new process does.</summary>
    /// <param name="path">The checkpoint file.</param>
    /// <param name="expectedWrites">The writes that the store had counted when the last epoch was taken.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="CorruptDataException">What came back is not what went in.</exception>
    public static StoreRestored Restore(string path, long expectedWrites, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        using CheckpointReader reader = CheckpointFiles.OpenReader(path);
        Epoch epoch = reader.OpenNewest();
        using MemoryRegion region = MemoryRegion.CreateShared(epoch.PageCount * epoch.PageSize);
        long pages = EagerLoad.Into(epoch, region, cancellation);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;

        HashStore store = HashStore.Open(region);
        if (store.Writes != expectedWrites)
        {
            throw new CorruptDataException($"The guest came back with {store.Writes} writes; the last epoch was taken at {expectedWrites}.") { Epoch = epoch.Info.Id };
        }

        long records = store.CheckAll();
        const int operations = 500_000;
        var random = new Random(Seed + 1);
        StoreGuest.Work(store, new ZipfKeys(store.Records, random), random, operations);
        store.CheckAll();
        return new StoreRestored(epoch.Info.Id.Value, seconds, pages, records, expectedWrites, operations);
    }

    private static (EpochInfo Last, long Writes) RunGuest(string path, long memoryBytes, int epochs, Action<DemoEpoch> onEpoch, CancellationToken cancellation)
    {
        using MemoryRegion region = MemoryRegion.CreateShared(memoryBytes);
        using var guest = new StoreGuest(HashStore.Create(region), Seed);
        using var log = new LinuxAccessLog(region);
        using CheckpointWriter writer = CheckpointWriter.Create(path);
        using var capture = new GuestCapture(writer, region, log, guest);
        EpochInfo? last = null;
        capture.Run(DemoEpoch.Interval, epochs, Note, cancellation);
        return (last ?? throw new OperationCanceledException(cancellation), guest.WritesAtPause);

        void Note(EpochReport report)
        {
            last = report.Epoch;
            onEpoch(DemoEpoch.Of(report));
        }
    }

    private static StoreRestored RestoreInNewProcess(string path, long writes, CancellationToken cancellation)
    {
        using ToolChild child = ToolChild.Start(cancellation, RestoreCommand, path, writes.ToString(CultureInfo.InvariantCulture));
        return JsonSerializer.Deserialize(child.Finish(), ResultJson.Default.StoreRestored)!;
    }
}
