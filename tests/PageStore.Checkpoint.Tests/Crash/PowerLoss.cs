namespace PageStore.Checkpoint.Tests;

/// <summary>What a loss of power can make of operations that were not synced: which are lost, which are torn, and how long the file is.</summary>
internal static class PowerLoss
{
    private static readonly Growth[] Growths = Enum.GetValues<Growth>();

    public static IEnumerable<Aftermath> Of(IReadOnlyList<FileOperation> pending, Thoroughness thoroughness, int seed) =>
        pending.Count == 0
            ? [new Aftermath("nothing was pending", (_, _) => true)]
            : Extremes(pending.Count, thoroughness.AllLengths)
                .Concat(pending.Count <= thoroughness.AllOperations ? Subsets(pending.Count) : DrawnSubsets(pending.Count, thoroughness.Samples, seed))
                .Concat(Enumerable.Range(0, pending.Count).SelectMany(i => Torn(pending, i, thoroughness, seed)))
                .Concat(DrawnSectors(pending, thoroughness.Samples, seed));

    /// <summary>All that came first, all but one, only one; each with each length.</summary>
    private static IEnumerable<Aftermath> Extremes(int count, bool allLengths) =>
        from growth in allLengths ? Growths : [Growth.AsWritten]
        from i in Enumerable.Range(0, count + 1)
        from aftermath in new[]
        {
            new Aftermath($"the first {i} operations", (at, _) => at < i, growth),
            new Aftermath($"all operations but {i}", (at, _) => at != i, growth),
            new Aftermath($"only operation {i}", (at, _) => at == i, growth),
        }
        select aftermath;

    private static IEnumerable<Aftermath> Subsets(int count) =>
        Enumerable.Range(0, 1 << count).Select(set => new Aftermath($"operations {set:b}", (at, _) => (set >> at & 1) != 0));

    private static IEnumerable<Aftermath> DrawnSubsets(int count, int samples, int seed) =>
        Enumerable.Range(0, samples).Select(draw =>
        {
            bool[] kept = Draw(new Random(Mix(seed, draw, 1)), count);
            return new Aftermath($"operations drawn with ({seed}, {draw})", (at, _) => kept[at], Growths[draw % Growths.Length]);
        });

    /// <summary>One operation in part: all subsets of its sectors if they are few. The others are all there, or none, or those before it.</summary>
    private static IEnumerable<Aftermath> Torn(IReadOnlyList<FileOperation> pending, int torn, Thoroughness thoroughness, int seed)
    {
        int sectors = pending[torn].Sectors;
        if (sectors < 2)
        {
            yield break;
        }

        bool all = sectors <= thoroughness.AllSectors;
        int draws = all ? 1 << sectors : Math.Max(1, thoroughness.Samples / pending.Count);
        for (int draw = 0; draw < draws; draw++)
        {
            int set = draw;
            bool[] kept = all ? [.. Enumerable.Range(0, sectors).Select(sector => (set >> sector & 1) != 0)] : Draw(new Random(Mix(Mix(seed, torn, 0), draw, 2)), sectors);
            string name = $"operation {torn} with sectors {string.Concat(kept.Select(k => k ? '1' : '0'))}";
            yield return new Aftermath(name + ", others there", (at, sector) => at != torn || kept[sector]);
            yield return new Aftermath(name + ", others lost", (at, sector) => at == torn && kept[sector]);
            yield return new Aftermath(name + ", behind those before it", (at, sector) => at < torn || (at == torn && kept[sector]), Growths[draw % Growths.Length]);
        }
    }

    /// <summary>Every sector of every operation is there or not.</summary>
    private static IEnumerable<Aftermath> DrawnSectors(IReadOnlyList<FileOperation> pending, int samples, int seed) =>
        Enumerable.Range(0, samples).Select(draw =>
        {
            var random = new Random(Mix(seed, draw, 3));
            bool[][] kept = [.. pending.Select(operation => Draw(random, operation.Sectors))];
            return new Aftermath($"sectors drawn with ({seed}, {draw})", (at, sector) => kept[at][sector], Growths[draw % Growths.Length]);
        });

    /// <summary>The same in each process, as HashCode is not.</summary>
    private static int Mix(int seed, int draw, int kind) => unchecked((((seed * 486187739) + draw) * 16777619) + kind);

    /// <summary>Few of them, about half, or most: with the same chance for each, large sets would always be mixed.</summary>
    private static bool[] Draw(Random random, int count)
    {
        double share = random.Next(4) switch { 0 => 0.1, 1 => 0.5, 2 => 0.9, _ => 0.99 };
        return [.. Enumerable.Range(0, count).Select(_ => random.NextDouble() < share)];
    }
}
