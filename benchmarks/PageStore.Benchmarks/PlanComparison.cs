using System.Diagnostics;
using System.Globalization;

namespace PageStore.Benchmarks;

/// <summary>What a resume plan costs a guest of 1 TiB: learning an interval and ranking, and the memory that the policy holds, with and without R.</summary>
internal static class PlanComparison
{
    private const long Pages = 1L << 28;
    private const int Intervals = 12;

    public static int Run(string[] args)
    {
        int rounds = args.Contains("--quick") ? 3 : 11;
        foreach (double touched in (double[])[0.001, 0.01])
        {
            Measure(touched, reads: true, rounds);
            Measure(touched, reads: false, rounds);
        }

        return 0;
    }

    /// <summary>Single pages all over the guest, the worst there is: half of them in each interval, the others now and then.</summary>
    private static void Measure(double touched, bool reads, int rounds)
    {
        var random = new Random(1);
        long[] pages = [.. Enumerable.Range(0, (int)(Pages * touched)).Select(_ => random.NextInt64(Pages))];
        long before = GC.GetTotalMemory(forceFullCollection: true);
        using var policy = new PredictivePolicy();
        List<double> learning = [];
        using (var written = new PageBitmap(Pages))
        using (var read = new PageBitmap(Pages))
        {
            for (int i = 0; i < Intervals; i++)
            {
                Fill(written, read, pages, random);
                long start = Stopwatch.GetTimestamp();
                policy.Observe(new AccessInterval(written, reads ? read : null));
                learning.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }
        }

        List<double> ranking = [];
        long planPages = 0;
        long allocated = 0;
        for (int round = 0; round < rounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            long allocatedBefore = GC.GetAllocatedBytesForCurrentThread();
            planPages = policy.Rank(pages.Length).Length;
            allocated = GC.GetAllocatedBytesForCurrentThread() - allocatedBefore;
            ranking.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        long held = GC.GetTotalMemory(forceFullCollection: true) - before;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            {touched:P1} of 1 TiB touched, {(reads ? "W and R" : "W alone")}: learn {Text(learning)} ms, rank {Text(ranking)} ms, {planPages} pages in the plan, {held >> 20} MiB held, {allocated >> 20} MiB allocated for a plan, process peak {Process.GetCurrentProcess().PeakWorkingSet64 >> 20} MiB
            """));
    }

    private static void Fill(PageBitmap written, PageBitmap read, long[] pages, Random random)
    {
        written.ClearAll();
        read.ClearAll();
        for (int i = 0; i < pages.Length; i++)
        {
            if (i % 2 == 0 || random.Next(Intervals) == 0)
            {
                (i % 4 < 2 ? written : read).Set(new Pfn(pages[i]));
            }
        }

        read.AndNot(written);
    }

    private static string Text(List<double> values)
    {
        values.Sort();
        return string.Create(CultureInfo.InvariantCulture, $"{values[values.Count / 2]:F0} ({values[0]:F0} to {values[^1]:F0})");
    }
}
