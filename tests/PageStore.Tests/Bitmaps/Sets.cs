namespace PageStore.Tests;

/// <summary>Sets of pages as plain <c>bool</c>s: what every bitmap operation is compared with.</summary>
internal static class Sets
{
    /// <summary>Lengths around words, vectors of 2, 4 and 8 words, and blocks of 64 words.</summary>
    public static readonly int[] Lengths =
        [0, 1, 2, 63, 64, 65, 127, 128, 129, 191, 255, 256, 257, 511, 512, 513, 640, 1000, 4095, 4096, 4097, 5000, 9999];

    /// <summary>Sets of a length: empty, full, and random ones from sparse to dense, single pages and runs.</summary>
    public static IEnumerable<bool[]> Of(int length, int seed = 0)
    {
        yield return new bool[length];
        yield return Enumerable.Repeat(true, length).ToArray();
        foreach (double density in (double[])[0.002, 0.01, 0.05, 0.25, 0.5, 0.9, 0.995])
        {
            yield return Random(length, density, seed);
        }

        yield return Runs(length, seed);
    }

    /// <summary>Each page with the same probability.</summary>
    public static bool[] Random(int length, double density, int seed)
    {
        var random = new Random(SeedOf(length, seed) + (int)(density * 1000));
        return Enumerable.Range(0, length).Select(_ => random.NextDouble() < density).ToArray();
    }

    /// <summary>Runs of very different lengths.</summary>
    public static bool[] Runs(int length, int seed)
    {
        var random = new Random(SeedOf(length, seed));
        var set = new bool[length];
        bool on = false;
        for (int i = 0, left = 0; i < length; i++, left--)
        {
            if (left <= 0)
            {
                on = !on;
                left = 1 << random.Next(9);
            }

            set[i] = on;
        }

        return set;
    }

    /// <summary>The words of a set; bits behind it and <paramref name="guards"/> further words hold <paramref name="dirt"/>.</summary>
    public static ulong[] Words(bool[] set, ulong dirt = 0, int guards = 0)
    {
        var words = new ulong[(set.Length + 63) / 64 + guards];
        Array.Fill(words, dirt);
        for (int i = 0; i < set.Length; i++)
        {
            words[i / 64] = words[i / 64] & ~(1UL << (i % 64)) | (set[i] ? 1UL << (i % 64) : 0);
        }

        return words;
    }

    /// <summary>The set in the first <paramref name="length"/> bits of words.</summary>
    public static bool[] FromWords(ReadOnlySpan<ulong> words, int length)
    {
        var set = new bool[length];
        for (int i = 0; i < length; i++)
        {
            set[i] = (words[i / 64] >> (i % 64) & 1) != 0;
        }

        return set;
    }

    /// <summary>The numbers of a set, ascending.</summary>
    public static long[] Numbers(bool[] set) => Enumerable.Range(0, set.Length).Where(i => set[i]).Select(i => (long)i).ToArray();

    /// <summary>The longest runs of a set, ascending.</summary>
    public static PfnRun[] RunsOf(bool[] set)
    {
        var runs = new List<PfnRun>();
        for (int i = 0; i < set.Length; i++)
        {
            if (set[i] && (i == 0 || !set[i - 1]))
            {
                int end = i;
                while (end < set.Length && set[end])
                {
                    end++;
                }

                runs.Add(new PfnRun(new Pfn(i), end - i));
            }
        }

        return [.. runs];
    }

    /// <summary>Combines two sets bit by bit.</summary>
    public static bool[] Combine(bool[] a, bool[] b, Func<bool, bool, bool> operation) => a.Zip(b, operation).ToArray();

    /// <summary>A bitmap with small slabs that holds a set.</summary>
    public static PageBitmap Bitmap(bool[] set, int slabShift = 7)
    {
        var bitmap = new PageBitmap(set.Length, slabShift);
        foreach (long number in Numbers(set))
        {
            bitmap.Set(new Pfn(number));
        }

        return bitmap;
    }

    /// <summary>What a bitmap holds, asked page by page.</summary>
    public static bool[] FromBitmap(PageBitmap bitmap) =>
        Enumerable.Range(0, (int)bitmap.Length).Select(i => bitmap.Contains(new Pfn(i))).ToArray();

    /// <summary>The same in every process, which HashCode is not: a failure must come again.</summary>
    private static int SeedOf(int length, int seed) => unchecked((length * 31) + (seed * 1_000_003));
}
