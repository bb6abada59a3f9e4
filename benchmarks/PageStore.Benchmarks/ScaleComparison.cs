using System.Diagnostics;
using System.Globalization;
using PageStore.Checkpoint;

namespace PageStore.Benchmarks;

/// <summary>
/// What a larger guest and a longer history cost: commits of 10 000 random pages into a guest of 4 GiB and one of 1 TiB of which every page is
/// present, opening a file and reading its first page, and finding pages behind one epoch and behind ten thousand.
/// </summary>
internal static class ScaleComparison
{
    private const int PageSize = 4096;
    private const int Written = 10_000;

    public static int Run(string[] args)
    {
        bool quick = args.Contains("--quick");
        long large = quick ? 1L << 24 : 1L << 28;
        int epochs = quick ? 11 : 41;
        Commits(1L << 20, large, epochs);
        Histories(quick ? 1000 : 10_000);
        return 0;
    }

    private static void Commits(long smallGuest, long largeGuest, int epochs)
    {
        using var small = new Guest(smallGuest);
        using var large = new Guest(largeGuest);
        for (int epoch = 0; epoch < epochs; epoch++)
        {
            small.Commit();
            large.Commit();
        }

        Console.WriteLine($"commits of {Written} random pages, {epochs} epochs in turns, the first of each left out");
        small.Print();
        large.Print();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            large / small: time {large.MedianSeconds / small.MedianSeconds:F2}, without the scan of the bitmap {(large.MedianSeconds - large.ScanSeconds) / (small.MedianSeconds - small.ScanSeconds):F2}, bytes {(double)large.BytesAnEpoch / small.BytesAnEpoch:F3}
            """));
        large.Close();
        Open("a guest of " + (largeGuest >> 18) + " GiB", large.Path);
    }

    /// <summary>A new reader, and the first page of the newest epoch: time and what it allocates.</summary>
    private static void Open(string what, string path)
    {
        List<double> times = [];
        byte[] page = new byte[PageSize];
        long allocated = 0;
        for (int round = 0; round < 21; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            long start = Stopwatch.GetTimestamp();
            using CheckpointReader reader = CheckpointReader.Open(path);
            using Epoch epoch = reader.OpenNewest();
            epoch.ReadPage(new Pfn(epoch.PageCount / 2), page);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"open {what} and read a page: first {times[0]:F2} ms, median {times.Order().ElementAt(times.Count / 2):F3} ms, {allocated / 1024} KiB allocated"));
    }

    private static void Histories(int epochs)
    {
        string one = WriteHistory(1);
        string many = WriteHistory(epochs);
        Console.WriteLine($"a page of a guest of 256 MiB, behind 1 and behind {epochs} epochs of 20 pages, by position and warm");
        double first = Lookup(one);
        double last = Lookup(many);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {first:F0} and {last:F0} ns a page: {last / first:F2} times"));
        Open($"a file of {epochs} epochs", many);
        File.Delete(one);
        File.Delete(many);
    }

    private static string WriteHistory(int epochs)
    {
        const int pages = 65536;
        string path = Path.Combine(Environment.CurrentDirectory, $"history{epochs}.bench.pages");
        File.Delete(path);
        var random = new Random(5);
        byte[] page = new byte[PageSize];
        using CheckpointWriter writer = CheckpointWriter.Create(path, new CheckpointWriterOptions { Durability = Durability.SurvivesProcessCrash });
        for (int epoch = 0; epoch < epochs; epoch++)
        {
            using EpochBuilder builder = writer.BeginEpoch(new EpochOptions { Parent = writer.Newest, PageCount = pages });
            for (int i = 0; i < (epoch == 0 ? pages : 20); i++)
            {
                random.NextBytes(page.AsSpan(0, 64));
                builder.WritePages(new Pfn(epoch == 0 ? i : random.Next(pages)), page);
            }

            builder.Commit();
        }

        return path;
    }

    private static double Lookup(string path)
    {
        using CheckpointReader reader = CheckpointReader.Open(path);
        using Epoch epoch = reader.OpenNewest();
        byte[] page = new byte[PageSize];
        List<double> times = [];
        for (int round = 0; round < 9; round++)
        {
            var random = new Random(round);
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < 20_000; i++)
            {
                epoch.ReadPage(new Pfn(random.NextInt64(epoch.PageCount)), page);
            }

            times.Add(Stopwatch.GetElapsedTime(start).TotalNanoseconds / 20_000);
        }

        return times.Order().ElementAt(times.Count / 2);
    }

    /// <summary>A file with a guest of which every page repeats a word: a full index and no content.</summary>
    private sealed class Guest : IDisposable
    {
        private readonly CheckpointWriter _writer;
        private readonly Random _random = new(3);
        private readonly byte[] _page = new byte[PageSize];
        private readonly long _pages;
        private readonly List<double> _seconds = [];
        private readonly List<double> _scans = [];
        private readonly List<long> _bytes = [];

        public Guest(long pages)
        {
            _pages = pages;
            Path = System.IO.Path.Combine(Environment.CurrentDirectory, $"scale{pages}.bench.pages");
            File.Delete(Path);
            long start = Stopwatch.GetTimestamp();
            _writer = CheckpointWriter.Create(Path);
            Fill();
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"a guest of {pages >> 18} GiB, every page present: index of {new FileInfo(Path).Length / 1e9:F2} GB, written in {Stopwatch.GetElapsedTime(start).TotalSeconds:F0} s"));
        }

        public string Path { get; }

        public double MedianSeconds => _seconds.Skip(1).Order().ElementAt((_seconds.Count - 1) / 2);

        public double ScanSeconds => _scans.Skip(1).Order().ElementAt((_scans.Count - 1) / 2);

        public long BytesAnEpoch => _bytes.Skip(1).Order().ElementAt((_bytes.Count - 1) / 2);

        public void Commit()
        {
            long[] pfns = [.. Enumerable.Range(0, Written).Select(_ => _random.NextInt64(_pages)).Distinct().Order()];
            long before = Used();
            long start = Stopwatch.GetTimestamp();
            using (EpochBuilder builder = _writer.BeginEpoch(new EpochOptions { Parent = _writer.Newest }))
            {
                foreach (long pfn in pfns)
                {
                    _random.NextBytes(_page.AsSpan(0, 256));
                    builder.WritePages(new Pfn(pfn), _page);
                }

                builder.Commit();
            }

            _seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            _bytes.Add(Used() - before);
            _scans.Add(Scan(pfns));
        }

        public void Print() => Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"  {_pages >> 18,5} GiB: {1000 * MedianSeconds:F1} ms ({1000 * _seconds.Min():F1} to {1000 * _seconds.Max():F1}), of these {1000 * ScanSeconds:F1} ms for the bitmap; {BytesAnEpoch:N0} bytes an epoch"));

        public void Close() => _writer.Dispose();

        public void Dispose()
        {
            _writer.Dispose();
            File.Delete(Path);
        }

        /// <summary>What an epoch does with one bit for each page of the guest: makes the set, copies it, counts and encodes it.</summary>
        private double Scan(long[] pfns)
        {
            long start = Stopwatch.GetTimestamp();
            using var set = new PageBitmap(_pages);
            using var copy = new PageBitmap(_pages);
            foreach (long pfn in pfns)
            {
                set.Set(new Pfn(pfn));
            }

            foreach (PfnRun run in set.Runs())
            {
                copy.SetRange(run.First, run.Count);
            }

            _ = copy.Count();
            PageBitmapCodec.Encode(copy, new System.Buffers.ArrayBufferWriter<byte>());
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        private long Used() => _writer.UsedBytes().Sum(segment => segment.Bytes);

        private void Fill()
        {
            byte[] pages = new byte[1 << 20];
            pages.AsSpan().Fill(0x5A);
            using EpochBuilder builder = _writer.BeginEpoch(new EpochOptions { PageCount = _pages });
            for (long pfn = 0; pfn < _pages; pfn += pages.Length / PageSize)
            {
                builder.WritePages(new Pfn(pfn), pages);
            }

            builder.Commit();
        }
    }
}
