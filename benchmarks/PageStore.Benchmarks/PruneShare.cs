using System.Diagnostics;
using System.Globalization;
using PageStore.Checkpoint;

namespace PageStore.Benchmarks;

/// <summary>
/// How much of what nothing reaches any more a prune gives back to the file system: 60 epochs of a recorded trace, pruned to the last, and
/// to every tenth.
/// </summary>
internal static class PruneShare
{
    private const int Epochs = 60;

    public static int Run(string[] args)
    {
        Console.WriteLine($"{Epochs} epochs of a trace behind the whole guest, pruned; given back: what the file takes less on the disk");
        foreach (string path in args.Where(arg => arg.EndsWith(".jsonl.gz", StringComparison.Ordinal)))
        {
            List<Interval> intervals = Trace.Read(path, out long pages);
            foreach (bool lz4 in (bool[])[false, true])
            {
                Measure(Path.GetFileName(path), pages, intervals, lz4, "to the last", new PrunePolicy { KeepLast = 1 });
                Measure(Path.GetFileName(path), pages, intervals, lz4, "to every tenth", new PrunePolicy { KeepEvery = 10 });
            }
        }

        return 0;
    }

    private static void Measure(string name, long pages, List<Interval> intervals, bool lz4, string what, PrunePolicy policy)
    {
        string path = Path.Combine(Environment.CurrentDirectory, "prune.bench.pages");
        File.Delete(path);
        using (CheckpointWriter writer = CheckpointWriter.Create(path, new CheckpointWriterOptions { Codec = lz4 ? PageCodecs.Lz4 : PageCodecs.None, Durability = Durability.SurvivesProcessCrash }))
        {
            Trace.WriteEpoch(writer, pages, new Interval([.. Enumerable.Range(0, (int)pages).Select(pfn => (long)pfn)], []), 0, lz4);
            for (int epoch = 1; epoch < Epochs; epoch++)
            {
                Trace.WriteEpoch(writer, pages, intervals[epoch % intervals.Count], epoch, lz4);
            }

            writer.Sync();
            long before = DiskUsage.Of(path);
            long start = Stopwatch.GetTimestamp();
            PruneReport report = writer.Prune(policy);
            TimeSpan time = Stopwatch.GetElapsedTime(start);
            long returned = before - DiskUsage.Of(path);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  {name,-16} {(lz4 ? "LZ4" : "raw"),-4} {what,-15} of {before >> 20,5} MiB {report.DeadBytes >> 20,5} MiB are dead, {returned >> 20,5} MiB given back: {100.0 * returned / report.DeadBytes:F1} % in {time.TotalSeconds:F1} s"));
        }

        File.Delete(path);
    }
}
