using System.Diagnostics;
using System.Globalization;
using PageStore.Checkpoint;

namespace PageStore.Benchmarks;

/// <summary>
/// What a cold resume waits for: the pages of a plan out of its pack, and the same pages at their places in the epoch, sorted and merged, and as the plan names them. Before each round the kernel forgets the
/// file, and what the process then made it read from the medium is shown beside the time. Needs root, and a file system on a disk.
/// </summary>
internal static class PackComparison
{
    private const int PageSize = 4096;

    /// <summary>The pages of a plan come in runs of 2 and 3, as kernels and programs leave them.</summary>
    private const int RunPages = 2;

    /// <summary>About a tenth of the guest, as working sets of whole machines are: some 26 000 pages of 1 GiB.</summary>
    private const int PlanShare = 10;

    private const string DropCaches = "/proc/sys/vm/drop_caches";

    /// <param name="args"><c>--quick</c>: a quarter of the memory, fewer rounds; <c>--lz4</c>: pages that LZ4 packs; <c>--encrypted</c>.</param>
    public static int Run(string[] args)
    {
        bool quick = args.Contains("--quick");
        int pages = (quick ? 256 << 20 : 1 << 30) / PageSize;
        string path = Path.Combine(Environment.CurrentDirectory, "pack.bench.pages");
        using CheckpointKey? key = args.Contains("--encrypted") ? CheckpointKey.FromBytes(new byte[32]) : null;
        try
        {
            Pfn[] plan = Plan(pages);
            Write(path, pages, plan, args.Contains("--lz4"), key);
            Compare(path, plan, key, quick ? 3 : 9);
        }
        finally
        {
            File.Delete(path);
        }

        return 0;
    }

    /// <summary>Runs of pages all over the guest, in any order.</summary>
    private static Pfn[] Plan(int pages)
    {
        var random = new Random(1);
        List<Pfn[]> runs = [];
        int every = PlanShare * RunPages * 5 / 4;
        for (int first = 0; first + every <= pages; first += every)
        {
            int start = first + random.Next(every - RunPages);
            runs.Add([.. Enumerable.Range(start, RunPages + random.Next(2)).Select(pfn => new Pfn(pfn))]);
        }

        Pfn[][] order = [.. runs];
        random.Shuffle(order);
        return [.. order.SelectMany(run => run)];
    }

    private static void Write(string path, int pages, Pfn[] plan, bool lz4, CheckpointKey? key)
    {
        File.Delete(path);
        const int some = 64;
        byte[] content = new byte[some * PageSize];
        var random = new Random(1);
        using CheckpointWriter writer = CheckpointWriter.Create(path, new CheckpointWriterOptions { Codec = lz4 ? PageCodecs.Lz4 : PageCodecs.None, Key = key });
        using EpochBuilder epoch = writer.BeginEpoch(new EpochOptions { PageCount = pages });
        for (int pfn = 0; pfn < pages; pfn += some)
        {
            random.NextBytes(content);
            for (int at = 0; lz4 && at < content.Length; at += PageSize)
            {
                content.AsSpan(at + (PageSize / 3), PageSize / 2).Clear();
            }

            epoch.WritePages(new Pfn(pfn), content);
        }

        EpochInfo info = epoch.Commit();
        long start = Stopwatch.GetTimestamp();
        EpochInfo packed = writer.WritePack(new ResumePlan(info.Id, plan, info.PagesConfigured));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{pages} pages, file of {new FileInfo(path).Length >> 20} MiB; packed {packed.Pack!.Value.Pages} pages, {packed.Pack.Value.Bytes >> 20} MiB, in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.00} s"));
    }

    private static void Compare(string path, Pfn[] plan, CheckpointKey? key, int rounds)
    {
        (string Name, Func<Epoch, ulong> Read)[] ways =
        [
            ("pack", epoch => Pack(epoch)),
            ("sorted, merged", epoch => Scattered(epoch, plan)),
            ("as the plan names them", epoch => InOrder(epoch, plan)),
        ];
        var times = ways.ToDictionary(way => way.Name, _ => new List<double>());
        var bytes = ways.ToDictionary(way => way.Name, _ => new List<long>());
        HashSet<ulong> sums = [];
        for (int round = 0; round < rounds; round++)
        {
            foreach ((string name, Func<Epoch, ulong> read) in ways)
            {
                Forget(path);
                long before = BytesFromMedium();
                long start = Stopwatch.GetTimestamp();
                using (CheckpointReader reader = CheckpointReader.Open(path, new CheckpointReaderOptions { Key = key }))
                using (Epoch epoch = reader.OpenNewest())
                {
                    sums.Add(read(epoch));
                }

                times[name].Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                bytes[name].Add(BytesFromMedium() - before);
            }
        }

        double pack = Median(times["pack"]);
        foreach ((string name, _) in ways)
        {
            List<double> all = times[name];
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-24} {Median(all),8:0.0} ms ({all.Min():0.0} to {all.Max():0.0}), {plan.Length * (double)PageSize / Median(all) / 1e6:0.00} GB/s, {Median(all) / pack,5:0.0} times the pack; from the medium {Median([.. bytes[name].Select(b => (double)b)]) / (1 << 20):0.0} MiB"));
        }

        if (sums.Count != 1)
        {
            throw new InvalidOperationException("the ways read different pages");
        }
    }

    private static ulong Pack(Epoch epoch)
    {
        const int batch = 1024;
        byte[] buffer = new byte[batch * PageSize];
        var pages = new Pfn[batch];
        var classes = new PageClass[batch];
        ResumePack pack = epoch.OpenPack()!;
        ulong sum = 0;
        for (int count; (count = pack.ReadNext(buffer, pages, classes)) > 0;)
        {
            sum += SumOf(buffer, pages.AsSpan(0, count));
        }

        return pack.PagesReplaced == 0 ? sum : throw new InvalidOperationException("the pack is damaged");
    }

    private static ulong Scattered(Epoch epoch, Pfn[] plan)
    {
        byte[] buffer = new byte[ScatteredReader.MaxPages * PageSize];
        var classes = new PageClass[ScatteredReader.MaxPages];
        var reader = new ScatteredReader(epoch);
        ulong sum = 0;
        foreach (Pfn[] batch in plan.Chunk(ScatteredReader.MaxPages))
        {
            reader.Read(batch, buffer.AsSpan(0, batch.Length * PageSize), classes.AsSpan(0, batch.Length));
            sum += SumOf(buffer, batch);
        }

        return sum;
    }

    private static ulong InOrder(Epoch epoch, Pfn[] plan)
    {
        byte[] buffer = new byte[(RunPages + 1) * PageSize];
        ulong sum = 0;
        for (int at = 0; at < plan.Length;)
        {
            int run = 1;
            while (run <= RunPages && at + run < plan.Length && plan[at + run] == plan[at] + run)
            {
                run++;
            }

            epoch.ReadPages(plan[at], buffer.AsSpan(0, run * PageSize));
            sum += SumOf(buffer, plan.AsSpan(at, run));
            at += run;
        }

        return sum;
    }

    /// <summary>Of each page its number and its first word, so that all ways must have the same.</summary>
    private static ulong SumOf(ReadOnlySpan<byte> buffer, ReadOnlySpan<Pfn> pages)
    {
        ulong sum = 0;
        for (int i = 0; i < pages.Length; i++)
        {
            sum += BitConverter.ToUInt64(buffer[(i * PageSize)..]) * (ulong)(pages[i].Value + 1);
        }

        return sum;
    }

    private static void Forget(string path)
    {
        PageCache.Drop(path);
        File.WriteAllText(DropCaches, "3");
    }

    /// <summary>What the process has made the kernel read from disks.</summary>
    private static long BytesFromMedium()
    {
        const string field = "read_bytes: ";
        return long.Parse(File.ReadLines("/proc/self/io").First(line => line.StartsWith(field, StringComparison.Ordinal)).AsSpan(field.Length), CultureInfo.InvariantCulture);
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
