using BenchmarkDotNet.Attributes;

namespace PageStore.Benchmarks;

/// <summary>The bitmap operations under BenchmarkDotNet, which also shows that none of them allocates.</summary>
[MemoryDiagnoser]
public class BitmapBenchmarks
{
    private readonly long[] _buffer = new long[2048];
    private PageBitmap _a = null!;
    private PageBitmap _b = null!;

    /// <summary>How many of the 2^28 pages are set.</summary>
    [Params(1, 25)]
    public int Percent { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _a = BitmapComparison.Random(Percent, 1);
        _b = BitmapComparison.Random(Percent, 2);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _a.Dispose();
        _b.Dispose();
    }

    [Benchmark]
    public long Count() => _a.Count();

    [Benchmark]
    public long CountAndNot() => PageBitmap.CountAndNot(_a, _b);

    [Benchmark]
    public void Or() => _a.Or(_b);

    [Benchmark]
    public Pfn CopySetBits()
    {
        Pfn from = new(0);
        while (_a.CopySetBits(ref from, _buffer) > 0)
        {
        }

        return from;
    }
}
