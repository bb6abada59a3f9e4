using System.IO.Compression;
using PageStore.Checkpoint;

namespace PageStore.Benchmarks;

/// <summary>The pages that the interval of an epoch wrote and read, by number.</summary>
internal sealed record Interval(long[] Written, long[] Read);

/// <summary>Recorded page accesses of a guest, and epochs made of them.</summary>
internal static class Trace
{
    private const int PageSize = 4096;

    /// <summary>The page sets that the intervals of a trace wrote, and those that they read besides.</summary>
    public static List<Interval> Read(string path, out long pages)
    {
        using var reader = new AccessTraceReader(new GZipStream(File.OpenRead(path), CompressionMode.Decompress));
        pages = reader.Header.PageCount;
        List<Interval> intervals = [];
        while (reader.Read() is { } recorded)
        {
            using (recorded)
            {
                intervals.Add(new Interval(Numbers(recorded.Accesses.Written), Numbers(recorded.Accesses.Read!)));
            }
        }

        return intervals;
    }

    private static long[] Numbers(PageBitmap set)
    {
        List<long> numbers = [];
        foreach (Pfn page in set.SetBits())
        {
            numbers.Add(page.Value);
        }

        return [.. numbers];
    }

    /// <summary>Writes pages that are different each time: random, or half random for LZ4.</summary>
    public static void WriteEpoch(CheckpointWriter writer, long pages, Interval interval, int seed, bool lz4)
    {
        var random = new Random(seed);
        byte[] page = new byte[PageSize];
        using EpochBuilder builder = writer.BeginEpoch(new EpochOptions { Parent = writer.Newest, PageCount = pages });
        foreach (long pfn in interval.Written)
        {
            random.NextBytes(lz4 ? page.AsSpan(0, PageSize / 2) : page);
            builder.WritePages(new Pfn(pfn), page);
        }

        using PageBitmap read = new(pages);
        foreach (long pfn in interval.Read)
        {
            read.Set(new Pfn(pfn));
        }

        builder.SetReadSet(read);
        builder.Commit();
    }
}
