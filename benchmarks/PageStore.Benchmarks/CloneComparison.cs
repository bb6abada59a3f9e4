using System.Diagnostics;
using System.Globalization;
using PageStore.Cli;
using PageStore.Native;

namespace PageStore.Benchmarks;

/// <summary>
/// Many clones of one memory, each in a process of its own: whether the last starts as soon as the first, and whether all together take what the base takes and what they wrote. With KVM they are machines of an epoch of the
/// demo, by <c>pagestore clone</c>. Everywhere they are processes that map, write and read as they are told (<see cref="CloneProcess"/>).
/// </summary>
internal static class CloneComparison
{
    private const long Memory = 256 << 20;

    private const int Count = 100;

    /// <summary>How much of the memory holds something, as in the demo.</summary>
    private const int ConfiguredPercent = 92;

    /// <summary>What the last clone's start may take of the first one's.</summary>
    private const double StartLimit = 1.2;

    /// <summary>What the account may differ from base and written.</summary>
    private const double ShareLimit = 0.05;

    /// <summary>How often a process makes its clone for one figure.</summary>
    private const int Starts = 101;

    /// <summary>How long the machines run at once.</summary>
    private const int Seconds = 5;

    /// <param name="args"><c>--quick</c>: 20 clones, few rounds. <c>--processes</c>: no machines.</param>
    /// <returns>0; 1 if a limit is missed.</returns>
    public static int Run(string[] args)
    {
        bool quick = args.Contains("--quick");
        int count = quick ? Count / 5 : Count;
        Console.WriteLine($"{DemoHost.Ask()}; {count} clones of {ByteSize.Format(Memory)}; medians (least to most)");
        string? missing = MachineDemo.Missing();
        bool good = Processes(count, quick ? 1 : 3);
        if (missing is null && !args.Contains("--processes"))
        {
            good &= Machines(count, quick ? 3 : 7);
        }
        else if (missing is not null)
        {
            Console.WriteLine($"no machines: {missing}");
        }

        return good ? 0 : 1;
    }

    private static bool Processes(int count, int rounds)
    {
        long start = Stopwatch.GetTimestamp();
        using CloneBase source = CloneBase.Create(Memory, memory =>
        {
            var random = new Random(1);
            for (long at = 0; at < Memory * ConfiguredPercent / 100; at += 1 << 20)
            {
                random.NextBytes(memory.GetSpan(at, 1 << 20));
            }
        });
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"processes: a base of {ByteSize.Format(source.MeasureUsage().ResidentBytes)}, filled in {Stopwatch.GetElapsedTime(start).TotalSeconds:F2} s"));
        var clones = new List<CloneProcess>();
        try
        {
            for (int i = 0; i < count; i++)
            {
                clones.Add(new CloneProcess(source.Path));
            }

            return Judge("processes", [.. Enumerable.Range(0, rounds).Select(_ => OneRound(source, clones))]);
        }
        finally
        {
            clones.ForEach(clone => clone.Dispose());
        }
    }

    /// <summary>The first starts where there is no other, the last where all others have written; each again and again, since it takes so little time.</summary>
    private static CloneRound OneRound(CloneBase source, List<CloneProcess> clones)
    {
        clones.ForEach(clone => clone.Drop());
        double first = StartOf(clones[0]);
        clones.ForEach(clone => clone.Map());
        long own = clones.Select((clone, i) => clone.Write(i)).Sum();
        RegionUsage ofSource = source.MeasureUsage();
        long total = ofSource.ProportionalBytes + clones.Sum(clone => clone.Measure());
        return new CloneRound(first, StartOf(clones[^1]), ofSource.ResidentBytes, own, total);
    }

    private static double StartOf(CloneProcess clone) => Spread.Of(Enumerable.Range(0, Starts).Select(_ => clone.Map())).Median;

    private static bool Machines(int count, int rounds)
    {
        using var folder = new DemoFolder();
        MachineCheckpoint checkpoint = new MachineDemo(new MachineDemoRequest(Memory, Epochs: 3, Seconds, ResumeWay.All), _ => { }, CancellationToken.None).CaptureAndKill(folder["guest.pages"]);
        var request = new CloneRequest(new EpochReference(checkpoint.Path, checkpoint.Newest.Id), count, TimeSpan.FromSeconds(Seconds));
        List<CloneRound> ready = [];
        List<CloneRound> progress = [];
        for (int round = 0; round < rounds; round++)
        {
            using var access = new CheckpointAccess(null, null, null);
            CloneResult result = new CloneRun(request, _ => { }, CancellationToken.None).Run(access);
            ready.Add(new CloneRound(result.Clones[0].StartMs, result.Clones[^1].StartMs, result.BaseBytes, result.OwnBytes, result.TotalPss));
            progress.Add(ready[^1] with { First = result.Clones[0].FirstProgressMs, Last = result.Clones[^1].FirstProgressMs });
        }

        return Judge("machines, until they can run", ready) & Judge("machines, until their first progress", progress);
    }

    private static bool Judge(string what, List<CloneRound> rounds)
    {
        var first = Spread.Of(rounds.Select(round => round.First));
        var last = Spread.Of(rounds.Select(round => round.Last));
        var share = Spread.Of(rounds.Select(round => round.Share));
        bool good = last.Median <= StartLimit * first.Median && share.Least >= 1 - ShareLimit && share.Most <= 1 + ShareLimit;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: the first starts in {first} ms, the last in {last} ms: {last.Median / first.Median:F3} (at most {StartLimit} wanted)"));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"  base {ByteSize.Format(rounds[^1].Base)}, written {ByteSize.Format(rounds[^1].Own)}, PSS of all {ByteSize.Format(rounds[^1].Total)}: {share} of base and written (within {ShareLimit} of 1 wanted){(good ? string.Empty : ", MISSED")}"));
        return good;
    }

    /// <summary>What one round gave: milliseconds until the first and the last clone had started, and bytes.</summary>
    private sealed record CloneRound(double First, double Last, long Base, long Own, long Total)
    {
        public double Share => (double)Total / (Base + Own);
    }
}
