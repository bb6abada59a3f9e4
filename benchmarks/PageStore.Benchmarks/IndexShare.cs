using System.Globalization;
using PageStore.Checkpoint;

namespace PageStore.Benchmarks;

/// <summary>
/// How many bytes of a file are not page content, in the steady state: nodes, sets, records, tables. Epochs are those of recorded traces, over
/// and over, or single pages spread uniformly over a guest. Measured over the last full round of a trace, as growth of the segments by class.
/// </summary>
internal static class IndexShare
{
    /// <summary>Pages of the guest of the uniform case: 4 GiB. What counts is how many leaves a dirty page shares.</summary>
    private const long UniformGuest = 1 << 20;

    private const int UniformWritten = 10_000;

    public static int Run(string[] args)
    {
        bool lz4 = args.Contains("--lz4");
        int at = Array.IndexOf(args, "--epochs");
        int epochs = at < 0 ? 1000 : int.Parse(args[at + 1], CultureInfo.InvariantCulture);
        Console.WriteLine($"index bytes of stored bytes in the steady state, {epochs} epochs, {(lz4 ? "LZ4 at about 2:1" : "raw")}");
        foreach (string trace in args.Where(arg => arg.EndsWith(".jsonl.gz", StringComparison.Ordinal)))
        {
            List<Interval> intervals = Trace.Read(trace, out long pages);
            Measure(Path.GetFileName(trace), pages, epochs, intervals.Count, lz4, epoch => intervals[epoch % intervals.Count]);
        }

        var random = new Random(7);
        Measure("uniform, 10 000 of 2^20", UniformGuest, epochs, 100, lz4, _ => Uniform(random));
        return 0;
    }

    private static Interval Uniform(Random random)
    {
        var set = new SortedSet<long>();
        while (set.Count < UniformWritten)
        {
            set.Add(random.NextInt64(UniformGuest));
        }

        return new Interval([.. set], []);
    }

    private static void Measure(string name, long pages, int epochs, int round, bool lz4, Func<int, Interval> interval)
    {
        string path = Path.Combine(Environment.CurrentDirectory, "index.bench.pages");
        File.Delete(path);
        var options = new CheckpointWriterOptions { Codec = lz4 ? PageCodecs.Lz4 : PageCodecs.None, Durability = Durability.SurvivesProcessCrash };
        (long Content, long Index) start = default;
        using (CheckpointWriter writer = CheckpointWriter.Create(path, options))
        {
            Trace.WriteEpoch(writer, pages, new Interval([.. Enumerable.Range(0, (int)pages).Select(pfn => (long)pfn)], []), 0, lz4);
            for (int epoch = 1; epoch <= epochs; epoch++)
            {
                if (epoch == epochs - round + 1)
                {
                    start = Used(writer);
                }

                Trace.WriteEpoch(writer, pages, interval(epoch), epoch, lz4);
            }

            (long content, long index) = Used(writer);
            (content, index) = (content - start.Content, index - start.Index);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  {name,-28} content {content / round,12:N0} B, index {index / round,10:N0} B an epoch: {100.0 * index / (content + index):F2} % of the stored bytes"));
        }

        File.Delete(path);
    }

    /// <summary>Bytes used in segments that hold pages, and in those that hold anything else.</summary>
    private static (long Content, long Index) Used(CheckpointWriter writer)
    {
        long content = 0;
        long index = 0;
        foreach ((SegmentClass segmentClass, long used) in writer.UsedBytes())
        {
            if (segmentClass is SegmentClass.Raw or SegmentClass.Packed)
            {
                content += used;
            }
            else
            {
                index += used;
            }
        }

        return (content, index);
    }
}
