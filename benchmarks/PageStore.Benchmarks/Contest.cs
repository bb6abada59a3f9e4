using System.Diagnostics;
using System.Runtime.InteropServices;

namespace PageStore.Benchmarks;

/// <summary>
/// Runs several ways of doing the same thing in turns, so that a noisy moment hits all of them, and prints the median, the fastest
/// and the slowest run of each, its speed relative to the first, and what a run allocates on this thread. Time is this thread's time on
/// the processor: what else the machine does meanwhile is not counted, nor is waiting.
/// </summary>
/// <param name="title">What is compared.</param>
/// <param name="rounds">How often each way runs.</param>
/// <param name="operations">Of how many operations a run consists, to print nanoseconds for each; 0 prints milliseconds for all.</param>
internal sealed partial class Contest(string title, int rounds, long operations = 0)
{
    /// <summary>Calls before the first that counts, twice: tiered compilation needs 30 and a moment in the background, two times.</summary>
    private const int WarmUpCalls = 35;

    /// <summary>CLOCK_THREAD_CPUTIME_ID of linux/time.h.</summary>
    private const int ThreadClock = 3;

    /// <summary>A way that takes long is warm, by on-stack replacement, before its calls are through.</summary>
    private static readonly TimeSpan WarmUpTime = TimeSpan.FromSeconds(0.7);

    private readonly List<Entry> _entries = [];

    /// <summary>Adds a way; its results must equal those of the others.</summary>
    /// <param name="name">How it is printed.</param>
    /// <param name="run">Does it once.</param>
    public Contest Add(string name, Func<long> run)
    {
        _entries.Add(new Entry(name, run, rounds, slow: false));
        return this;
    }

    /// <summary>Adds a way that takes so long that three runs without warming up must do.</summary>
    /// <param name="name">How it is printed.</param>
    /// <param name="run">Does it once.</param>
    /// <param name="skip">Does not add it after all.</param>
    public Contest AddSlow(string name, Func<long> run, bool skip)
    {
        if (!skip)
        {
            _entries.Add(new Entry(name, run, 3, slow: true));
        }

        return this;
    }

    /// <summary>What is compared.</summary>
    public string Title => title;

    /// <summary>The median time of each way, in milliseconds.</summary>
    public IEnumerable<(string Name, double Milliseconds)> Medians => _entries.Select(entry => (entry.Name, entry.Median));

    /// <summary>Runs and prints everything.</summary>
    public void Run()
    {
        foreach (Entry entry in _entries.Where(entry => !entry.Slow))
        {
            WarmUp(entry);
            WarmUp(entry);
        }

        for (int round = 0; round < rounds; round++)
        {
            foreach (Entry entry in _entries.Where(entry => round < entry.Rounds))
            {
                entry.Measure();
            }
        }

        Print();
    }

    private static void WarmUp(Entry entry)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < WarmUpCalls && Stopwatch.GetElapsedTime(start) < WarmUpTime; i++)
        {
            entry.Run();
        }

        Thread.Sleep(200);
    }

    private void Print()
    {
        Console.WriteLine($"\n{title}");
        string unit = operations > 0 ? "CPU ns" : "CPU ms";
        double scale = operations > 0 ? 1e6 / operations : 1;
        Console.WriteLine($"  {"",-34}{unit,10}{"min",9}{"max",9}{"first is",11}{"B/run",8}");
        double first = _entries[0].Median;
        foreach (Entry entry in _entries)
        {
            string ratio = (entry.Median / first).ToString("0.00") + " x";
            Console.WriteLine(
                $"  {entry.Name,-34}{entry.Median * scale,10:0.000}{entry.Times.Min() * scale,9:0.000}{entry.Times.Max() * scale,9:0.000}{ratio,11}{entry.Allocated,8}");
            if (entry.Result != _entries[0].Result)
            {
                throw new InvalidOperationException($"{entry.Name} gives {entry.Result}, {_entries[0].Name} gives {_entries[0].Result}.");
            }
        }
    }

    private static double ThreadMilliseconds()
    {
        _ = GetClock(ThreadClock, out Timespec time);
        return time.Seconds * 1e3 + time.Nanoseconds / 1e6;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetClock(int clock, out Timespec time);

    /// <summary>struct timespec of 64-bit Linux.</summary>
    private readonly record struct Timespec(long Seconds, long Nanoseconds);

    private sealed class Entry(string name, Func<long> run, int rounds, bool slow)
    {
        private readonly List<long> _allocations = new(rounds);

        public string Name => name;

        public int Rounds => rounds;

        public bool Slow => slow;

        public List<double> Times { get; } = new(rounds);

        // The median: once in a while the runtime allocates on this thread itself, when it swaps code.
        public long Allocated => _allocations.Order().ElementAt(_allocations.Count / 2);

        public long Result { get; private set; }

        public double Median => Times.Order().ElementAt(Times.Count / 2);

        public void Run() => run();

        public void Measure()
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            double start = ThreadMilliseconds();
            Result = run();
            double elapsed = ThreadMilliseconds() - start;
            _allocations.Add(GC.GetAllocatedBytesForCurrentThread() - before);
            Times.Add(elapsed);
        }
    }
}
