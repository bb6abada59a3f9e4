using System.Globalization;
using PageStore.Cli;

namespace PageStore.Benchmarks;

/// <summary>
/// A machine that was killed is brought back in full, on demand and with a plan, each time by new processes and from a file of which the kernel holds nothing: when it first does something, when it is back at 90 % of full
/// speed, and how often it waits for a page in the first ten seconds. And the same with four times the memory and the same working set.
/// </summary>
internal static class ResumeComparison
{
    private const long Memory = 1L << 30;

    /// <summary>With the working set of <see cref="Memory"/>.</summary>
    private const long LargeMemory = 4L << 30;

    /// <summary>For how long a guest is followed: on demand it takes more than ten seconds to be back.</summary>
    private const int Seconds = 20;

    /// <summary>For how long its faults are counted, from when it could run.</summary>
    private const int FaultSeconds = 10;

    private const int Epochs = 10;

    /// <summary>How many times sooner than in full the guest is to begin with a plan.</summary>
    private const double FirstLimit = 8;

    /// <summary>How many times sooner than on demand it is to be back.</summary>
    private const double BackLimit = 4;

    /// <summary>What part of the faults on demand it may suffer.</summary>
    private const double FaultLimit = 0.05;

    /// <summary>What the larger guest may take of the smaller one's time to begin.</summary>
    private const double LargeLimit = 1.3;

    /// <param name="args"><c>--quick</c>: three rounds, without the larger guest. <c>--report FILE.html</c>: the curves of the last round.</param>
    /// <returns>0; 1 if a limit is missed.</returns>
    public static int Run(string[] args)
    {
        bool quick = args.Contains("--quick");
        int rounds = quick ? 3 : 10;
        int report = Array.IndexOf(args, "--report");
        Console.WriteLine($"{DemoHost.Ask()}; {rounds} rounds in turn, medians (least to most)");
        using var folder = new DemoFolder();
        MachineDemo small = DemoOf(Memory);
        MachineCheckpoint checkpoint = small.CaptureAndKill(folder["guest.pages"]);
        Describe(checkpoint, Memory);
        MachineDemo large = DemoOf(LargeMemory);
        MachineCheckpoint? largeCheckpoint = quick ? null : large.CaptureAndKill(folder["large.pages"]);
        if (largeCheckpoint is not null)
        {
            Describe(largeCheckpoint, LargeMemory);
        }

        var found = new List<MachineReturn>();
        var ofLarge = new List<MachineReturn>();
        for (int round = 0; round < rounds; round++)
        {
            found.AddRange(ResumeWay.All.Select(way => Resume(small, checkpoint, way)));
            if (largeCheckpoint is not null)
            {
                ofLarge.Add(Resume(large, largeCheckpoint, ResumeWay.Hybrid));
            }
        }

        if (report >= 0)
        {
            double fullSpeed = Spread.Of(found.Where(one => one.Way == ResumeWay.Full).Select(one => MachineWay.FullSpeedOf(one.Resumed))).Median;
            DemoReport.Write(args[report + 1], MachineDemoResult.Of(Memory, checkpoint, found.TakeLast(ResumeWay.All.Count), fullSpeed));
        }

        return Judge(found, ofLarge) ? 0 : 1;
    }

    private static MachineDemo DemoOf(long memory) => new(
        new MachineDemoRequest(memory, Epochs, Seconds, ResumeWay.All) { WorkingBytes = DemoWorkload.For(Memory).WorkingBytes, Check = false },
        _ => { },
        CancellationToken.None);

    private static void Describe(MachineCheckpoint checkpoint, long memory) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"  {ByteSize.Format(memory)}, configured {100.0 * checkpoint.Newest.PagesConfigured * PageSizes.Default / memory:F1} %, working set {100.0 * checkpoint.WorkingBytes / memory:F1} %; killed after {checkpoint.Epochs.Count} epochs, the last W {checkpoint.Epochs[^1].Written} and R {checkpoint.Epochs[^1].Read} pages"));

    private static MachineReturn Resume(MachineDemo demo, MachineCheckpoint checkpoint, ResumeWay way)
    {
        FileCache.TryDrop(checkpoint.Path);
        long resident = PageCache.Resident(checkpoint.Path);
        MachineReturn found = demo.Resume(checkpoint, way);
        MachineWay figures = MachineWay.Of(found, fullSpeed: 0);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  {way.Name}: resident before {resident} B, read from the medium {figures.BytesRead / (1024.0 * 1024):F0} MiB, ready {figures.ReadySeconds:F3} s, first progress {figures.FirstProgressSeconds:F3} s, {figures.Faults} faults, whole {figures.WholeSeconds:F3} s, back {MachineWay.Of(found, MachineWay.FullSpeedOf(found.Resumed)).BackSeconds:F3} s, {MachineWay.FullSpeedOf(found.Resumed) / 1e6:F2} million operations a second"));
        return found;
    }

    private static bool Judge(List<MachineReturn> found, List<MachineReturn> ofLarge)
    {
        Figures full = FiguresOf(found, ResumeWay.Full);
        Figures onDemand = FiguresOf(found, ResumeWay.OnDemand);
        Figures hybrid = FiguresOf(found, ResumeWay.Hybrid);
        bool good = Compare("first progress, in full / hybrid", full.First.Median / hybrid.First.Median, FirstLimit, isLeast: true)
            & Compare("back at 90 %, on demand / hybrid", onDemand.Back.Median / hybrid.Back.Median, BackLimit, isLeast: true)
            & Compare($"faults in {FaultSeconds} s, hybrid / on demand", hybrid.Faults.Median / onDemand.Faults.Median, FaultLimit, isLeast: false);
        if (ofLarge.Count > 0)
        {
            Figures large = FiguresOf(ofLarge, ResumeWay.Hybrid);
            good &= Compare("first progress of hybrid, 4 GiB / 1 GiB", large.First.Median / hybrid.First.Median, LargeLimit, isLeast: false);
        }

        return good;
    }

    private static Figures FiguresOf(List<MachineReturn> found, ResumeWay way)
    {
        MachineWay[] rounds = [.. found.Where(one => one.Way == way).Select(one => MachineWay.Of(one, MachineWay.FullSpeedOf(one.Resumed)))];

        // What was not reached took longer than anything that was; on demand, what the others are held against, at least as long as it was followed.
        double never = way == ResumeWay.OnDemand ? Seconds : double.PositiveInfinity;
        var figures = new Figures(
            Spread.Of(rounds.Select(round => round.FirstProgressSeconds ?? never)),
            Spread.Of(rounds.Select(round => round.BackSeconds ?? never)),
            Spread.Of(found.Where(one => one.Way == way).Select(one => (double)EarlyFaults(one))));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{way.Name,-10} first progress {figures.First} s, back at 90 % {figures.Back} s, faults {figures.Faults.Median:F0} ({figures.Faults.Least:F0} to {figures.Faults.Most:F0})"));
        return figures;
    }

    private static long EarlyFaults(MachineReturn one) =>
        one.Served?.DemandedAt(one.Resumed.ReadySeconds + FaultSeconds - (one.Resumed.HandedOverSeconds ?? 0)) ?? 0;

    private static bool Compare(string what, double ratio, double limit, bool isLeast)
    {
        bool good = isLeast ? ratio >= limit : ratio <= limit;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {ratio:0.000} ({(isLeast ? "at least" : "at most")} {limit} wanted{(good ? string.Empty : ", MISSED")})"));
        return good;
    }

    private sealed record Figures(Spread First, Spread Back, Spread Faults);
}
