namespace PageStore.Tests.Prediction;

/// <summary>Intervals for tests, by the numbers of their pages.</summary>
internal static class Intervals
{
    public static PageBitmap Set(int length, params IEnumerable<int> pages)
    {
        var set = new PageBitmap(length);
        foreach (int page in pages)
        {
            set.Set(new Pfn(page));
        }

        return set;
    }

    public static AccessInterval Of(int length, IEnumerable<int> written, IEnumerable<int>? read = null) =>
        new(Set(length, written), read is null ? null : Set(length, read));

    /// <summary>Random intervals, in which each page has a rate of its own.</summary>
    public static List<bool[]> Random(int length, int count, int seed)
    {
        var random = new Random(seed);
        double[] rates = [.. Enumerable.Range(0, length).Select(_ => Math.Pow(random.NextDouble(), 4))];
        return [.. Enumerable.Range(0, count).Select(_ => rates.Select(rate => random.NextDouble() < rate).ToArray())];
    }

    public static IEnumerable<int> Pages(bool[] set) => Enumerable.Range(0, set.Length).Where(page => set[page]);

    public static long[] Numbers(Pfn[] plan) => [.. plan.Select(page => page.Value)];
}
