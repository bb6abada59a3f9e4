using System.Diagnostics;

namespace PageStore.Benchmarks;

/// <summary>
/// What the size of a block does to a fork that writes a little on many pages: the time of a write that breaks sharing, and the memory that the fork takes for it; and what two threads gain that each write a fork
/// of one image. Block sizes take turns.
/// </summary>
internal static class SharingComparison
{
    private const int Mebibytes = 256;

    /// <summary>Pages that a fork writes, at random places of the image.</summary>
    private const int Pages = 4096;

    /// <summary>Bytes that it writes on each: a cache line.</summary>
    private const int Written = 64;

    private static readonly int[] BlockSizes = [64, 128, 256, 512, 1024, 2048, 4096];

    /// <param name="args"><c>--quick</c>: fewer rounds.</param>
    /// <returns>0.</returns>
    public static int Run(string[] args)
    {
        int rounds = args.Contains("--quick") ? 5 : 21;
        Console.WriteLine($"A fork of {Mebibytes} MiB of data, {Written} bytes written on each of {Pages} random pages; {rounds} rounds in turn, medians (least to most).");
        Subject[] subjects = [.. BlockSizes.Select(size => new Subject(size))];
        for (int round = -1; round < rounds; round++)
        {
            foreach (Subject subject in subjects)
            {
                subject.Measure(keep: round >= 0);
            }
        }

        foreach (Subject subject in subjects)
        {
            subject.Report();
            subject.Dispose();
        }

        return 0;
    }

    /// <summary>An image of random data.</summary>
    public static MemoryImage Fill(PageFramePool pool, int mebibytes)
    {
        var image = new MemoryImage(pool, (long)mebibytes << (20 - 12));
        byte[] page = new byte[PageSizes.Default];
        var random = new Random(1);
        for (long pfn = 0; pfn < image.PageCount; pfn++)
        {
            random.NextBytes(page);
            image.Write(new Pfn(pfn), page);
        }

        return image;
    }

    private sealed class Subject : IDisposable
    {
        private readonly PageFramePool _pool;
        private readonly MemoryImage _image;
        private readonly (Pfn Page, int Offset)[] _writes;
        private readonly byte[] _bytes = new byte[Written];
        private readonly List<double> _times = [];
        private readonly List<double> _drops = [];
        private readonly List<double> _gains = [];
        private long _frameBytes;
        private long _nodes;

        public Subject(int blockSize)
        {
            _pool = new PageFramePool(new PageFramePoolOptions { BlockSize = blockSize });
            _image = Fill(_pool, Mebibytes);
            var random = new Random(3);
            _writes = [.. Enumerable.Range(0, Pages).Select(_ => (new Pfn(random.NextInt64(_image.PageCount)), random.Next(PageSizes.Default / Written) * Written))];
            random.NextBytes(_bytes);
        }

        public void Measure(bool keep)
        {
            double one = Alone(out double drop);
            double two = Together();
            if (keep)
            {
                _times.Add(one * 1e6 / Pages);
                _drops.Add(drop * 1e6 / Pages);
                _gains.Add(2 * one / two);
            }
        }

        public void Report() => Console.WriteLine(
            $"  blocks of {_pool.BlockSize,4}: {Spread.Of(_times)} us a write, {Spread.Of(_drops)} us each to drop; {_frameBytes / Pages} bytes of frames and {(double)_nodes / Pages:F2} nodes each; two threads write {Spread.Of(_gains)} times as much");

        public void Dispose()
        {
            _image.Dispose();
            _pool.Dispose();
        }

        private double Alone(out double drop)
        {
            Pinning.To(0);
            PageFrameStatistics before = _pool.GetStatistics();
            MemoryImage fork = _image.Fork();
            long start = Stopwatch.GetTimestamp();
            Write(fork);
            double time = Stopwatch.GetElapsedTime(start).TotalSeconds;
            (_frameBytes, _nodes) = (_pool.GetStatistics().FrameBytes - before.FrameBytes, _pool.GetStatistics().Nodes - before.Nodes);
            start = Stopwatch.GetTimestamp();
            fork.Dispose();
            drop = Stopwatch.GetElapsedTime(start).TotalSeconds;
            return time;
        }

        /// <summary>Two threads, each with a fork, from when both are there until both are done.</summary>
        private double Together()
        {
            using MemoryImage first = _image.Fork();
            using MemoryImage second = _image.Fork();
            using var begin = new Barrier(2);
            var other = new Thread(() =>
            {
                Pinning.To(1);
                begin.SignalAndWait();
                Write(second);
            });
            other.Start();
            begin.SignalAndWait();
            long start = Stopwatch.GetTimestamp();
            Write(first);
            other.Join();
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        private void Write(MemoryImage fork)
        {
            foreach ((Pfn page, int offset) in _writes)
            {
                fork.Write(page, offset, _bytes);
            }
        }
    }
}
