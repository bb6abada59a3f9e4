using System.Diagnostics;

namespace PageStore.Fuzz;

/// <summary>What a run of the fuzzer is to do.</summary>
/// <param name="Seconds">How long, the corpus not counted.</param>
/// <param name="Seed">What all chance comes from: the same seed, corpus and build give the same inputs in the same order.</param>
/// <param name="Corpus">The folder of kept inputs, with one folder for each target.</param>
/// <param name="Crashes">Where inputs that fail go.</param>
/// <param name="Found">Where inputs go that took a new edge, or null to keep them in memory only.</param>
internal sealed record FuzzOptions(double Seconds, int Seed, string Corpus, string Crashes, string? Found);

/// <summary>Changes inputs, runs them, and keeps those that take new ways through the code, to change them further.</summary>
internal sealed class FuzzLoop : IDisposable
{
    /// <summary>Executions between two looks at the memory.</summary>
    private const int MemoryStep = 64;

    /// <summary>The bytes of the inputs in memory are bounded, since they count against the memory of the target.</summary>
    private const long MaxPoolBytes = 16 << 20;

    private readonly IFuzzTarget _target;
    private readonly FuzzOptions _options;
    private readonly Random _random;
    private readonly CoverageMap _coverage = new();
    private readonly Crashes _crashes;
    private readonly Watchdog _watchdog;
    private readonly List<byte[]> _pool = [];
    private long _poolBytes;
    private long _executions;

    public FuzzLoop(IFuzzTarget target, FuzzOptions options)
    {
        _target = target;
        _options = options;
        _random = new Random(options.Seed);
        _crashes = new Crashes(target.Name, options.Crashes);
        _watchdog = new Watchdog(OnHang);
    }

    /// <summary>Runs; the exit code.</summary>
    public int Run()
    {
        int kept = RunCorpus();
        if (_coverage.Edges == 0)
        {
            Console.Error.WriteLine("Nothing is counted: the assemblies beside the fuzzer are not instrumented. Start it by fuzz/run.");
            return 2;
        }

        var clock = Stopwatch.StartNew();
        int corpusEdges = _coverage.Edges;
        long corpusExecutions = _executions;
        while (clock.Elapsed.TotalSeconds < _options.Seconds && !_crashes.TooMany)
        {
            byte[] input = _target.Mutate(Pick(), Pick(), _random);
            if (Execute(input))
            {
                AddToPool(input);
            }
        }

        Report(kept, corpusEdges, _executions - corpusExecutions, clock.Elapsed);
        return _crashes.Count == 0 ? 0 : 1;
    }

    public void Dispose() => _watchdog.Dispose();

    private int RunCorpus()
    {
        IReadOnlyList<string> files = CorpusFiles.Of(_options.Corpus, _target);
        foreach (string file in files)
        {
            byte[] input = File.ReadAllBytes(file);
            Execute(input);
            _pool.Add(input);
            _poolBytes += input.Length;
        }

        if (files.Count == 0)
        {
            Execute([]);
            _pool.Add([]);
        }

        return files.Count;
    }

    /// <summary>Any input, the younger ones more often: they are where the news is.</summary>
    private byte[] Pick() => _pool[_random.Next(3) == 0
        ? _pool.Count - 1 - _random.Next((_pool.Count + 3) / 4)
        : _random.Next(_pool.Count)];

    /// <summary>Runs one input; whether it took a new way.</summary>
    private bool Execute(byte[] input)
    {
        CoverageMap.Clear();
        _watchdog.Begin(input);
        try
        {
            _target.RunOne(input);
        }
        catch (Exception failure)
        {
            _crashes.Add(input, failure);
        }

        _watchdog.End();
        _executions++;
        if (_executions % MemoryStep == 0 && Environment.WorkingSet > MemoryLimit.Bytes)
        {
            _crashes.Add(input, "memory", $"the process holds {Environment.WorkingSet >> 20} MiB, at this input or one of the {MemoryStep} before");
        }

        return _coverage.Merge();
    }

    private void AddToPool(byte[] input)
    {
        if (_poolBytes + input.Length <= MaxPoolBytes)
        {
            _pool.Add(input);
            _poolBytes += input.Length;
        }

        if (_options.Found is not null)
        {
            CorpusFiles.Save(_options.Found, _target, input);
        }
    }

    private void Report(int kept, int corpusEdges, long executions, TimeSpan time)
    {
        long peak = MemoryLimit.Peak();
        if (peak > MemoryLimit.Bytes)
        {
            _crashes.Add([], "memory", $"the process held up to {peak >> 20} MiB; the limit is {MemoryLimit.Bytes >> 20} MiB");
        }

        Console.WriteLine(
            $"{_target.Name}: {executions} executions in {time.TotalSeconds:F0} s, {executions / time.TotalSeconds:F0}/s, "
            + $"{_coverage.Edges} edges ({corpusEdges} by the {kept} kept inputs), {CoverageMap.Places} of {Instrumentation.Places} places, "
            + $"{_pool.Count} inputs, peak {peak >> 20} MiB, "
            + $"seed {_options.Seed}, {_crashes.Count} crashes");
    }

    private void OnHang(byte[] input)
    {
        _crashes.Add(input, "hang", $"it takes more than {Watchdog.ProcessorLimit.TotalSeconds} s");
        Console.Out.Flush();
        Environment.Exit(1);
    }
}
