using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace PageStore.Benchmarks;

/// <summary>
/// PageStore beside LMDB and SQLite with the same pages in the same run: durable commits of 5 % of a guest, random reads warm and cold, the file
/// after 100 such commits of which only the last state is kept, and opening it anew.
/// </summary>
internal static class PeerComparison
{
    private const int PageSize = 4096;
    private const int WarmReads = 100_000;
    private const int ColdReads = 4_000;

    /// <summary>How often the same pages are read before it counts: the first time fills the page cache, the second one maps what is there.</summary>
    private const int WarmUps = 3;

    /// <summary>Commits between two calls to give up older states.</summary>
    private const int TidyEvery = 10;

    public static int Run(string[] args)
    {
        bool quick = args.Contains("--quick");
        long pages = (quick ? 128L << 20 : 1L << 30) / PageSize;
        int epochs = quick ? 10 : 100;
        string Path(string name) => System.IO.Path.Combine(Environment.CurrentDirectory, name + ".peer.bench");
        Contender[] contenders = [new(new PageStorePeer(Path("pagestore"), pages)), new(new LmdbPeer(Path("lmdb"))), new(new SqlitePeer(Path("sqlite")))];
        try
        {
            Write(contenders, pages, epochs);
            Array.ForEach(contenders, contender => contender.Shrink());
            Read(contenders, pages, quick ? 3 : 7);
            Print(contenders, pages, epochs);
        }
        finally
        {
            foreach (Contender contender in contenders)
            {
                contender.Peer.Dispose();
                Array.ForEach(["", "-lock", "-wal", "-shm"], suffix => File.Delete(contender.Peer.Path + suffix));
            }
        }

        return 0;
    }

    private static void Write(Contender[] contenders, long pages, int epochs)
    {
        var random = new Random(1);
        byte[] content = new byte[pages / 20 * PageSize];
        Array.ForEach(contenders, contender => contender.Peer.Open(toWrite: true));
        Fill(contenders, pages, content, random);
        for (int epoch = 1; epoch <= epochs; epoch++)
        {
            long[] written = Choose(random, pages, content.Length / PageSize);
            random.NextBytes(content);
            foreach (Contender contender in contenders)
            {
                contender.Commits.Add(Time(() => contender.Peer.Commit(written, content)));
                contender.Tidying += epoch % TidyEvery == 0 ? Time(contender.Peer.Tidy) : 0;
            }
        }

        Array.ForEach(contenders, contender => contender.Peer.Close());
    }

    /// <summary>The whole guest, a part at a time: a peer's log must not take it all.</summary>
    private static void Fill(Contender[] contenders, long pages, byte[] content, Random random)
    {
        for (long first = 0; first < pages; first += content.Length / PageSize)
        {
            random.NextBytes(content);
            int count = (int)Math.Min(content.Length / PageSize, pages - first);
            long[] numbers = [.. Enumerable.Range(0, count).Select(i => first + i)];
            Array.ForEach(contenders, contender => contender.Peer.Commit(numbers, content.AsSpan(0, count * PageSize)));
        }
    }

    private static long[] Choose(Random random, long pages, int count)
    {
        var chosen = new SortedSet<long>();
        while (chosen.Count < count)
        {
            chosen.Add(random.NextInt64(pages));
        }

        return [.. chosen];
    }

    private static void Read(Contender[] contenders, long pages, int rounds)
    {
        for (int round = 0; round < rounds; round++)
        {
            var sums = new HashSet<long>();
            foreach (Contender contender in contenders)
            {
                PageCache.Drop(contender.Peer.Path);
                contender.Opens.Add(Time(() => OpenAndRead(contender.Peer, pages / 2)));
                contender.Colds.Add(Time(() => ReadRandom(contender.Peer, pages, ColdReads, round)) / ColdReads);
                for (int pass = 0; pass < WarmUps; pass++)
                {
                    ReadRandom(contender.Peer, pages, WarmReads, round + 1);
                }

                long sum = 0;
                contender.Warms.Add(Time(() => sum = ReadRandom(contender.Peer, pages, WarmReads, round + 1)) / WarmReads);
                sums.Add(sum);
                contender.Peer.Close();
            }

            if (sums.Count != 1)
            {
                throw new InvalidOperationException("The peers read different pages.");
            }
        }
    }

    private static void OpenAndRead(IPagePeer peer, long page)
    {
        peer.Open(toWrite: false);
        peer.Read(page, new byte[PageSize]);
    }

    private static long ReadRandom(IPagePeer peer, long pages, int count, int seed)
    {
        var random = new Random(seed);
        byte[] page = new byte[PageSize];
        long sum = 0;
        for (int i = 0; i < count; i++)
        {
            peer.Read(random.NextInt64(pages), page);
            sum = (sum * 31) + MemoryMarshal.Read<long>(page);
        }

        return sum;
    }

    private static double Time(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static void Print(Contender[] contenders, long pages, int epochs)
    {
        Console.WriteLine($"{pages} incompressible pages; {epochs} durable commits of 5 % of them at random, in turns, only the newest state kept, older ones given up every {TidyEvery}; medians (fastest to slowest)");
        Console.WriteLine($"  {"",-10}{"commit, ms",26}{"all, s",8}{"random read, warm, us",28}{"cold, us",28}{"reopen and a page, ms",28}{"on disk, MiB",16}{"shrunk, MiB",14}{"in s",8}");
        foreach (Contender contender in contenders)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  {contender.Peer.Name,-10}{Spread(contender.Commits, 1),26}{(contender.Commits.Sum() + contender.Tidying) / 1000,8:F2}{Spread(contender.Warms, 1000),28}{Spread(contender.Colds, 1000),28}{Spread(contender.Opens, 1),28}{contender.Bytes / 1048576.0,16:F0}{contender.ShrunkBytes / 1048576.0,14:F0}{contender.Shrinking / 1000,8:F1}"));
        }
    }

    private static string Spread(List<double> times, double scale)
    {
        double[] sorted = [.. times.Order()];
        return string.Create(CultureInfo.InvariantCulture, $"{sorted[sorted.Length / 2] * scale:F2} ({sorted[0] * scale:F2} to {sorted[^1] * scale:F2})");
    }

    private sealed class Contender(IPagePeer peer)
    {
        public IPagePeer Peer => peer;

        public List<double> Commits { get; } = [];

        public List<double> Warms { get; } = [];

        public List<double> Colds { get; } = [];

        public List<double> Opens { get; } = [];

        public double Tidying { get; set; }

        public long Bytes { get; private set; }

        public long ShrunkBytes { get; private set; }

        public double Shrinking { get; private set; }

        public void Shrink()
        {
            Bytes = DiskUsage.Of(peer.Path);
            Shrinking = Time(peer.Shrink);
            ShrunkBytes = DiskUsage.Of(peer.Path);
        }
    }
}
