using System.Collections;
using System.Runtime.Intrinsics;

namespace PageStore.Benchmarks;

/// <summary>
/// <see cref="PageBitmap"/> against C and <see cref="BitArray"/> on bitmaps of 32 MiB (a guest of 1 TiB), at 1 % and at 25 % of the pages.
/// The C functions work on the very words of the managed bitmaps, slab by slab.
/// </summary>
internal static class BitmapComparison
{
    private const long Pages = 1L << 28;

    /// <summary>Half of a first-level cache of 32 KiB, so that what is measured is decoding, not writing to memory.</summary>
    private const int DecodeBuffer = 2048;

    private delegate long Flatten(ReadOnlySpan<ulong> a, long words, ref long position, long origin, Span<long> to, long capacity);

    /// <param name="args"><c>--quick</c>: fewer rounds, and no BitArray; another word: only the contests whose title holds it.</param>
    public static int Run(string[] args)
    {
        bool quick = args.Contains("--quick");
        int rounds = quick ? 11 : 41;
        string only = args.FirstOrDefault(arg => !arg.StartsWith('-')) ?? "";
        Console.WriteLine($"32 MiB bitmaps, {rounds} rounds; vectors: {(Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128)} bits; "
            + $"C: {(BitmapBaseline.HasAvx512() != 0 ? "AVX-512" : "plain")}. \"first is\": how many times as fast the first line is.");
        foreach (int percent in (int[])[1, 25])
        {
            foreach (Contest contest in Contests(percent, rounds, quick).Where(contest => contest.Title.Contains(only)))
            {
                contest.Run();
            }
        }

        return 0;
    }

    private static IEnumerable<Contest> Contests(int percent, int rounds, bool quick)
    {
        using PageBitmap a = Random(percent, 1);
        using PageBitmap b = Random(percent, 2);
        using var target = new PageBitmap(Pages);
        target.SetAll();
        BitArray x = quick ? new BitArray(0) : ToBitArray(a);
        BitArray y = quick ? new BitArray(0) : ToBitArray(b);
        var buffer = new long[DecodeBuffer];
        string at = $"at {percent} %";

        yield return new Contest($"count {at}", rounds)
            .Add("PageBitmap.Count", a.Count)
            .Add("C, same instructions", () => Sum(a, BitmapBaseline.CountSame))
            .Add("C, best of gcc", () => Sum(a, BitmapBaseline.CountBest))
            .AddSlow("BitArray", () => CountBits(x), quick);
        yield return new Contest($"count(a & ~b) {at}", rounds)
            .Add("PageBitmap.CountAndNot", () => PageBitmap.CountAndNot(a, b))
            .Add("C, same instructions", () => Sum(a, b, BitmapBaseline.CountAndNotSame))
            .Add("C, best of gcc", () => Sum(a, b, BitmapBaseline.CountAndNotBest))
            .AddSlow("BitArray", () => CountAndNotBits(x, y), quick);
        yield return new Contest($"and to a destination {at}", rounds)
            .Add("PageBitmap.And", () => AndManaged(a, b, target))
            .Add("C, best of gcc", () => AndBaseline(a, b, target));
        yield return new Contest($"enumerate {at}", rounds)
            .Add("PageBitmap.CopySetBits", () => Decode(a, buffer))
            .Add("C, same instructions", () => Decode(a, buffer, BitmapBaseline.FlattenSame))
            .Add("C, plain tzcnt loop", () => Decode(a, buffer, BitmapBaseline.FlattenTzcnt))
            .Add("C#, plain tzcnt loop", () => Decode(a, buffer, FlattenTzcnt))
            .Add("PageBitmap.SetBits, foreach", () => SumBits(a))
            .AddSlow("BitArray", () => SumBits(x), quick);
        yield return new Contest($"enumerate runs {at}", rounds)
            .Add("PageBitmap.Runs", () => CountRunPages(a))
            .Add("PageBitmap.Count", a.Count);
    }

    internal static PageBitmap Random(int percent, int seed)
    {
        var random = new Random(seed);
        var bitmap = new PageBitmap(Pages);
        if (percent == 25)
        {
            for (Pfn first = new(0); first.Value < Pages;)
            {
                foreach (ref ulong word in bitmap.GetWords(first, out long bits))
                {
                    word = (ulong)random.NextInt64(long.MinValue, long.MaxValue) & (ulong)random.NextInt64(long.MinValue, long.MaxValue);
                }

                first = new Pfn(Math.Min(Pages, (first.Value | ((1 << 24) - 1)) + 1));
            }

            return bitmap;
        }

        for (long set = Pages * percent / 100; set > 0;)
        {
            set -= bitmap.Set(new Pfn(random.NextInt64(Pages))) ? 1 : 0;
        }

        return bitmap;
    }

    private static BitArray ToBitArray(PageBitmap bitmap)
    {
        var bits = new BitArray((int)Pages);
        foreach (Pfn pfn in bitmap.SetBits())
        {
            bits[(int)pfn.Value] = true;
        }

        return bits;
    }

    private static long Sum(PageBitmap a, Func<ReadOnlySpan<ulong>, long, long> count)
    {
        long sum = 0;
        for (Pfn first = new(0); first.Value < Pages;)
        {
            Span<ulong> words = a.GetWords(first, out long bits);
            sum += count(words, words.Length);
            first += bits;
        }

        return sum;
    }

    private static long Sum(PageBitmap a, PageBitmap b, Func<ReadOnlySpan<ulong>, ReadOnlySpan<ulong>, long, long> count)
    {
        long sum = 0;
        for (Pfn first = new(0); first.Value < Pages;)
        {
            Span<ulong> words = a.GetWords(first, out long bits);
            sum += count(words, b.GetWords(first, out _), words.Length);
            first += bits;
        }

        return sum;
    }

    private static long AndManaged(PageBitmap a, PageBitmap b, PageBitmap target)
    {
        PageBitmap.And(a, b, target);
        return 0;
    }

    private static long AndBaseline(PageBitmap a, PageBitmap b, PageBitmap target)
    {
        for (Pfn first = new(0); first.Value < Pages;)
        {
            Span<ulong> words = a.GetWords(first, out long bits);
            BitmapBaseline.AndBest(words, b.GetWords(first, out _), target.GetWords(first, out _), words.Length);
            first += bits;
        }

        return 0;
    }

    private static long Decode(PageBitmap a, Span<long> buffer)
    {
        long sum = 0;
        Pfn from = new(0);
        for (int n; (n = a.CopySetBits(ref from, buffer)) > 0;)
        {
            sum += buffer[n - 1] + n;
        }

        return Decoded(sum, a);
    }

    private static long Decode(PageBitmap a, Span<long> buffer, Flatten flatten)
    {
        long sum = 0;
        for (Pfn first = new(0); first.Value < Pages;)
        {
            Span<ulong> words = a.GetWords(first, out long bits);
            for (long position = 0; position < words.Length;)
            {
                sum += flatten(words, words.Length, ref position, first.Value, buffer, buffer.Length);
            }

            first += bits;
        }

        return Decoded(sum, a);
    }

    /// <summary>The loop that everybody writes first, the same as in C.</summary>
    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.AggressiveOptimization)]
    private static long FlattenTzcnt(ReadOnlySpan<ulong> a, long words, ref long position, long origin, Span<long> to, long capacity)
    {
        int written = 0;
        int at = (int)position;
        for (; at < a.Length && to.Length - written >= 64; at++)
        {
            for (ulong word = a[at]; word != 0; word &= word - 1)
            {
                to[written++] = origin + ((long)at * 64) + System.Numerics.BitOperations.TrailingZeroCount(word);
            }
        }

        position = at;
        return written;
    }

    /// <summary>Uses what was decoded, whose parts depend on how each way cuts it, and returns what all ways must agree on.</summary>
    private static long Decoded(long sum, PageBitmap a)
    {
        GC.KeepAlive(a);
        return sum == 0 ? 0 : 1;
    }

    private static long SumBits(PageBitmap a)
    {
        long sum = 0;
        foreach (Pfn pfn in a.SetBits())
        {
            sum += pfn.Value;
        }

        return sum == 0 ? 0 : 1;
    }

    private static long SumBits(BitArray x)
    {
        long sum = 0;
        for (int i = 0; i < x.Length; i++)
        {
            sum += x[i] ? i : 0;
        }

        return sum == 0 ? 0 : 1;
    }

    private static long CountRunPages(PageBitmap a)
    {
        long pages = 0;
        foreach (PfnRun run in a.Runs())
        {
            pages += run.Count;
        }

        return pages;
    }

    private static long CountBits(BitArray x)
    {
        long count = 0;
        for (int i = 0; i < x.Length; i++)
        {
            count += x[i] ? 1 : 0;
        }

        return count;
    }

    private static long CountAndNotBits(BitArray x, BitArray y)
    {
        long count = 0;
        for (int i = 0; i < x.Length; i++)
        {
            count += x[i] && !y[i] ? 1 : 0;
        }

        return count;
    }
}
