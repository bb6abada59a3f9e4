using BenchmarkDotNet.Attributes;

namespace PageStore.Benchmarks;

/// <summary>Copy-on-write images under BenchmarkDotNet: none of the paths may cost more for a larger image, and neither reading nor writing in place allocates.</summary>
[MemoryDiagnoser]
public class SharingBenchmarks
{
    private readonly byte[] _page = new byte[PageSizes.Default];
    private readonly long[] _pages = new long[4096];
    private PageFramePool _pool = null!;
    private MemoryImage _image = null!;
    private MemoryImage _written = null!;
    private int _next;

    /// <summary>The size of the image, all of it data.</summary>
    [Params(64, 1024)]
    public int Mebibytes { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _pool = new PageFramePool();
        _image = SharingComparison.Fill(_pool, Mebibytes);
        _written = new MemoryImage(_pool, _image.PageCount);
        var random = new Random(2);
        random.NextBytes(_page);
        for (int i = 0; i < _pages.Length; i++)
        {
            _pages[i] = random.NextInt64(_image.PageCount);
            _written.Write(new Pfn(_pages[i]), _page);
        }
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _written.Dispose();
        _image.Dispose();
        _pool.Dispose();
    }

    /// <summary>A fork, and its end.</summary>
    [Benchmark]
    public void Fork() => _image.Fork().Dispose();

    [Benchmark]
    public void ReadPage() => _image.Read(Next(), _page);

    [Benchmark]
    public void WritePageInPlace() => _written.Write(Next(), _page);

    [Benchmark]
    public void WriteEightBytesInPlace() => _written.Write(Next(), 1000, _page.AsSpan(0, 8));

    /// <summary>A fork, its first write of 8 bytes, which breaks sharing from the root to the block, and its end.</summary>
    [Benchmark]
    public void ForkAndFirstWrite()
    {
        using MemoryImage fork = _image.Fork();
        fork.Write(Next(), 1000, _page.AsSpan(0, 8));
    }

    /// <summary>A write that breaks sharing: 8 bytes on each of 4096 random pages of a fork, with the fork and its end, shared out.</summary>
    [Benchmark(OperationsPerInvoke = 4096)]
    public void WriteThatBreaksSharing()
    {
        using MemoryImage fork = _image.Fork();
        foreach (long page in _pages)
        {
            fork.Write(new Pfn(page), 1000, _page.AsSpan(0, 8));
        }
    }

    private Pfn Next() => new(_pages[_next++ & (_pages.Length - 1)]);
}
