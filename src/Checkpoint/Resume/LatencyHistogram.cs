using System.Numerics;

namespace PageStore.Checkpoint;

/// <summary>
/// How long things took, in buckets that are at most a sixteenth of their time wide: quantiles of any number of times in 8 KiB. Not thread-safe.
/// </summary>
internal sealed class LatencyHistogram
{
    /// <summary>log2 of the buckets for each doubling of the time.</summary>
    private const int SubBits = 4;

    private readonly long[] _counts = new long[(64 - SubBits + 1) << SubBits];

    public long Count { get; private set; }

    /// <summary>The longest time, in nanoseconds.</summary>
    public long Max { get; private set; }

    /// <summary>Adds a time.</summary>
    /// <param name="nanoseconds">From 0 up.</param>
    public void Add(long nanoseconds)
    {
        _counts[BucketOf(nanoseconds)]++;
        Count++;
        Max = Math.Max(Max, nanoseconds);
    }

    /// <summary>The time that a share of all times does not exceed: the upper end of its bucket, and never more than <see cref="Max"/>. 0 without times.</summary>
    /// <param name="share">From 0 to 1.</param>
    public long Quantile(double share)
    {
        long wanted = Math.Max(1, (long)Math.Ceiling(share * Count));
        long seen = 0;
        for (int bucket = 0; bucket < _counts.Length; bucket++)
        {
            seen += _counts[bucket];
            if (seen >= wanted)
            {
                return Math.Min(Max, LastOf(bucket));
            }
        }

        return Max;
    }

    /// <summary>Up to 2^(SubBits + 1) each time has a bucket; behind it the highest bits choose.</summary>
    private static int BucketOf(long time)
    {
        int shift = Math.Max(0, BitOperations.Log2((ulong)time | 1) - SubBits);
        return (shift << SubBits) + (int)(time >> shift);
    }

    private static long LastOf(int bucket)
    {
        int shift = Math.Max(0, (bucket >> SubBits) - 1);
        return ((bucket - ((long)shift << SubBits) + 1) << shift) - 1;
    }
}
