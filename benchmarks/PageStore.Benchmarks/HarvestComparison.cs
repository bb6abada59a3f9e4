using System.Diagnostics;
using PageStore.Native;

namespace PageStore.Benchmarks;

/// <summary>
/// A harvest of 1 GiB into a bitmap against the bare system calls on the same memory in the same state. The two take turns; the same
/// number of random pages is touched before each, outside the time.
/// </summary>
internal static class HarvestComparison
{
    private const long Bytes = 1L << 30;

    /// <summary>What the library may take of the bare calls' time.</summary>
    private const double Limit = 1.2;

    /// <summary>How many regions the bare calls ask for at once: as many as the shim. 4096 take the same time.</summary>
    private const long BareRegions = 1024;

    private delegate long Bare(int pagemap, ref byte range, long bytes, long regions);

    /// <param name="args"><c>--quick</c>: fewer rounds.</param>
    /// <returns>0; 1 if a harvest of 5 % takes more than 1.2 times the bare calls' time, or allocates.</returns>
    public static int Run(string[] args)
    {
        int rounds = args.Contains("--quick") ? 15 : 41;
        Console.WriteLine($"Harvest of 1 GiB, {rounds} rounds, medians. One thread: pin it, as with taskset -c 1.");
        Console.WriteLine($"  {"",-34}{"pages",9}{"library ms",12}{"calls ms",10}{"ratio",8}{"B/op",7}");
        bool good = true;
        foreach (int percent in (int[])[0, 5, 100])
        {
            good &= Written(rounds, percent) || percent != 5;
        }

        Accesses(rounds, 5);
        return good ? 0 : 1;
    }

    private static bool Written(int rounds, int percent)
    {
        using MemoryRegion region = MemoryRegion.CreatePrivate(Bytes);
        using var log = new LinuxDirtyLog(region);
        using var written = new PageBitmap(region.PageCount);
        Touch(region, 100, new Random(1));
        log.Start();
        return Compare($"W, {percent} % written", region, rounds, percent, HarvestBaseline.Written, written, () => log.Harvest(written));
    }

    private static void Accesses(int rounds, int percent)
    {
        using MemoryRegion region = MemoryRegion.CreateShared(Bytes);
        using var log = new LinuxAccessLog(region);
        using var written = new PageBitmap(region.PageCount);
        using var read = new PageBitmap(region.PageCount);
        Touch(region, 100, new Random(1));
        log.Start();
        _ = Compare($"W and R, {percent} % written", region, rounds, percent, HarvestBaseline.Accesses, written, () => log.HarvestAccesses(written, read));
    }

    private static bool Compare(
        string name, MemoryRegion region, int rounds, int percent, Bare bare, PageBitmap written, Action harvest)
    {
        int pagemap = HarvestBaseline.OpenPagemap();
        var random = new Random(2);
        var library = new List<double>();
        var calls = new List<double>();
        long pages = 0;
        long allocated = 0;
        for (int round = -3; round < rounds; round++)
        {
            pages = Touch(region, percent, random);
            long start = Stopwatch.GetTimestamp();
            long found = bare(pagemap, ref region.GetSpan(0, 1)[0], Bytes, BareRegions);
            Record(calls, round, start);
            Check(name, found, pages);

            pages = Touch(region, percent, random);
            written.ClearAll();
            long before = GC.GetAllocatedBytesForCurrentThread();
            long begin = Stopwatch.GetTimestamp();
            harvest();
            long bytes = GC.GetAllocatedBytesForCurrentThread() - before;
            Record(library, round, begin);
            allocated = round < 0 ? 0 : Math.Max(allocated, bytes);
            Check(name, written.Count(), pages);
        }

        double ratio = Median(library) / Median(calls);
        Console.WriteLine($"  {name,-34}{pages,9}{Median(library),12:0.000}{Median(calls),10:0.000}{ratio,8:0.00}{allocated,7}");
        return ratio <= Limit && allocated == 0;
    }

    /// <summary>Writes to about that part of the pages: 100 % is each page once.</summary>
    private static long Touch(MemoryRegion region, int percent, Random random)
    {
        if (percent == 100)
        {
            for (long page = 0; page < region.PageCount; page++)
            {
                region.GetPage(new Pfn(page))[0]++;
            }

            return region.PageCount;
        }

        using var touched = new PageBitmap(region.PageCount);
        for (long i = region.PageCount * percent / 100; i > 0;)
        {
            var page = new Pfn(random.NextInt64(region.PageCount));
            if (touched.Set(page))
            {
                region.GetPage(page)[0]++;
                i--;
            }
        }

        return touched.Count();
    }

    /// <summary>A time counts from round 0 on: before that the code is compiled and the page tables made.</summary>
    private static void Record(List<double> times, int round, long start)
    {
        double elapsed = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        if (round >= 0)
        {
            times.Add(elapsed);
        }
    }

    private static double Median(List<double> times) => times.Order().ElementAt(times.Count / 2);

    private static void Check(string name, long found, long expected)
    {
        if (found != expected)
        {
            throw new InvalidOperationException($"{name}: {found} pages found, {expected} touched.");
        }
    }
}
