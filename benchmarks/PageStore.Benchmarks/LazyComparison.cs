using PageStore.Checkpoint;
using PageStore.Native;

namespace PageStore.Benchmarks;

/// <summary>
/// A lazy resume from a checkpoint file against the bare system calls with the content in memory: how fast pages are brought before the guest runs, and how long one waits for
/// a page that it demands. Both take turns on fresh memory; the file is in the page cache.
/// </summary>
internal static class LazyComparison
{
    private const int Mebibytes = 512;
    private const int Bytes = Mebibytes << 20;

    /// <summary>Bytes for each call of the bare prefill: 64 pages.</summary>
    private const int Batch = 64 * PageSizes.Default;

    /// <summary>Pages that are demanded in a round, at random places.</summary>
    private const int Demands = 20_000;

    /// <summary>What of the bare rate a prefill must reach, and what a demanded page may take of the bare time.</summary>
    private const double PrefillLimit = 0.85;
    private const double FaultLimit = 1.5;

    /// <param name="args"><c>--quick</c>: fewer rounds. <c>--lz4</c>: packed pages.</param>
    /// <returns>0; 1 if a limit is missed.</returns>
    public static int Run(string[] args)
    {
        int rounds = args.Contains("--quick") ? 5 : 11;
        byte[] image = GC.AllocateUninitializedArray<byte>(Bytes, pinned: true);
        new Random(1).NextBytes(image);
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".pages");
        try
        {
            Write(path, image, args.Contains("--lz4") ? PageCodecs.Lz4 : PageCodecs.None);
            using CheckpointReader reader = CheckpointReader.Open(path, new CheckpointReaderOptions { Guard = GuardedCopy.Install() });
            using Epoch epoch = reader.OpenEpoch(reader.Newest!.Value);
            Console.WriteLine($"Memory of {Mebibytes} MiB, all of it incompressible, {rounds} rounds in turn, medians (least to most).");
            return ComparePrefill(image, epoch, rounds) & CompareFaults(image, epoch, rounds, processor: 0) & CompareFaults(image, epoch, rounds, processor: 1) ? 0 : 1;
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static bool ComparePrefill(byte[] image, Epoch epoch, int rounds)
    {
        var plan = new ResumePlan(epoch.Info.Id, [.. Enumerable.Range(0, Bytes / PageSizes.Default).Select(page => new Pfn(page))], epoch.Info.PagesConfigured);
        var bare = new List<double>();
        var ours = new List<double>();
        for (int round = -1; round < rounds; round++)
        {
            Add(bare, round, BarePrefill(image));
            Add(ours, round, Prefill(epoch, plan));
        }

        double pages = Bytes / PageSizes.Default;
        double share = Median(bare) / Median(ours);
        Console.WriteLine($"  prefill: UFFDIO_COPY alone {Spread(bare, 1 / pages)} us a page; from the file {Spread(ours, 1 / pages)}; {share:0.00} of its rate (at least {PrefillLimit} wanted)");
        return share >= PrefillLimit;
    }

    private static double BarePrefill(byte[] image)
    {
        using MemoryRegion memory = MemoryRegion.CreatePrivate(Bytes);
        return UffdBaseline.Prefill(ref memory.GetSpan(0, 1)[0], ref image[0], Bytes, Batch) / 1000.0;
    }

    private static double Prefill(Epoch epoch, ResumePlan plan)
    {
        using MemoryRegion memory = MemoryRegion.CreatePrivate(Bytes);
        using UserFaultMemory missing = UserFaultMemory.Register(memory);
        using var resume = new LazyResume(epoch, missing, plan);
        return resume.Run(CancellationToken.None).TimeToReady!.Value.TotalMicroseconds;
    }

    /// <summary>Who touches the pages runs on processor 0. A handler beside it must be woken on another processor, which may sleep; one on the same is switched to.</summary>
    private static bool CompareFaults(byte[] image, Epoch epoch, int rounds, int processor)
    {
        var bare = new List<double>();
        var ours = new List<double>();
        var bareTail = new List<double>();
        var oursTail = new List<double>();
        var random = new Random(2);
        for (int round = -1; round < rounds; round++)
        {
            long[] pages = [.. Enumerable.Range(0, Bytes / PageSizes.Default).Select(page => (long)page)];
            random.Shuffle(pages);
            pages = pages[..Demands];
            AddQuantiles(bare, bareTail, round, BareFaults(image, pages, processor));
            AddQuantiles(ours, oursTail, round, Faults(image, epoch, pages, processor));
        }

        double ratio = Median(ours) / Median(bare);
        Console.WriteLine($"  demanded page, handler on {(processor == 0 ? "the same" : "another")} processor: bare handler p50 {Spread(bare)} us, p99 {Spread(bareTail)}; resume p50 {Spread(ours)}, p99 {Spread(oursTail)}; {ratio:0.00} times the bare p50 (at most {FaultLimit} wanted)");
        return ratio <= FaultLimit;
    }

    private static long[] BareFaults(byte[] image, long[] pages, int processor)
    {
        using MemoryRegion memory = MemoryRegion.CreatePrivate(Bytes);
        ref byte first = ref memory.GetSpan(0, 1)[0];
        if (UffdBaseline.Serve(ref first, ref image[0], Bytes, processor) != 0)
        {
            throw new InvalidOperationException("The bare handler cannot be started.");
        }

        long[] times = Touch(memory, image, pages);
        UffdBaseline.End();
        return times;
    }

    private static long[] Faults(byte[] image, Epoch epoch, long[] pages, int processor)
    {
        using MemoryRegion memory = MemoryRegion.CreatePrivate(Bytes);
        using UserFaultMemory missing = UserFaultMemory.Register(memory);
        using var resume = new LazyResume(epoch, missing, null, new LazyResumeOptions { BackgroundFill = false, BubblePages = 0 });
        using var stop = new CancellationTokenSource();
        Task<ResumeReport> running = Task.Factory.StartNew(
            () =>
            {
                Pinning.To(processor);
                return resume.Run(stop.Token);
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        long[] times = Touch(memory, image, pages);
        stop.Cancel();
        return running.Result.Faults.Total == pages.Length ? times : throw new InvalidOperationException("Not every touch was a fault.");
    }

    private static long[] Touch(MemoryRegion memory, byte[] image, long[] pages)
    {
        Pinning.To(0);
        long[] times = new long[pages.Length];
        long sum = UffdBaseline.Touch(ref memory.GetSpan(0, 1)[0], pages, pages.Length, times);
        return sum == pages.Sum(page => (long)image[page * PageSizes.Default]) ? times : throw new InvalidOperationException("A page has other bytes than it should.");
    }

    private static void Write(string path, byte[] image, IPageCodec codec)
    {
        using CheckpointWriter writer = CheckpointWriter.Create(path, new CheckpointWriterOptions { Codec = codec });
        using EpochBuilder builder = writer.BeginEpoch(new EpochOptions());
        builder.WritePages(new Pfn(0), image);
        builder.Commit();
    }

    private static void Add(List<double> times, int round, double time)
    {
        if (round >= 0)
        {
            times.Add(time);
        }
    }

    private static void AddQuantiles(List<double> medians, List<double> tails, int round, long[] nanoseconds)
    {
        Array.Sort(nanoseconds);
        Add(medians, round, nanoseconds[nanoseconds.Length / 2] / 1000.0);
        Add(tails, round, nanoseconds[nanoseconds.Length * 99 / 100] / 1000.0);
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static string Spread(List<double> values, double scale = 1) => $"{Median(values) * scale:0.00} ({values.Min() * scale:0.00} to {values.Max() * scale:0.00})";
}
