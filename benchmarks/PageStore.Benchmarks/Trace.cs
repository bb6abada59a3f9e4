using System.IO.Compression;
using System.Text.Json;
using PageStore.Checkpoint;

namespace PageStore.Benchmarks;

/// <summary>The pages that the interval of an epoch wrote and read, by number.</summary>
internal sealed record Interval(long[] Written, long[] Read);

/// <summary>Recorded page accesses of a guest, and epochs made of them.</summary>
internal static class Trace
{
    private const int PageSize = 4096;

    /// <summary>The page sets that the intervals of a trace wrote and read; the first line is its header.</summary>
    public static List<Interval> Read(string path, out long pages)
    {
        using var reader = new StreamReader(new GZipStream(File.OpenRead(path), CompressionMode.Decompress));
        pages = JsonDocument.Parse(reader.ReadLine()!).RootElement.GetProperty("pages").GetInt64();
        List<Interval> intervals = [];
        while (reader.ReadLine() is { } line)
        {
            JsonElement interval = JsonDocument.Parse(line).RootElement;
            intervals.Add(new Interval([.. Pages(interval, "written").Order()], [.. Pages(interval, "read")]));
        }

        return intervals;
    }

    private static IEnumerable<long> Pages(JsonElement interval, string set)
    {
        foreach (JsonElement run in interval.GetProperty(set).EnumerateArray())
        {
            for (long pfn = run[0].GetInt64(), end = pfn + run[1].GetInt64(); pfn < end; pfn++)
            {
                yield return pfn;
            }
        }
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
