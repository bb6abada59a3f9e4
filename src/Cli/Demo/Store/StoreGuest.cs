using System.Diagnostics;

namespace PageStore.Cli;

/// <summary>
/// The demo's guest: a thread that works on a store at a steady rate, and stops between two operations when it is paused. The caller
/// disposes it, which abandons the guest.
/// </summary>
internal sealed class StoreGuest : IGuestPause, IDisposable
{
    /// <summary>Operations a second; a few thousand pages an interval, as servers of this size write.</summary>
    private const int Rate = 40_000;

    /// <summary>One operation in so many is a write.</summary>
    private const int WriteShare = 5;

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(5);

    private readonly HashStore _store;
    private readonly ZipfKeys _keys;
    private readonly Random _random;
    private readonly Lock _gate = new();
    private readonly Thread _thread;
    private volatile bool _stopping;
    private volatile Exception? _failure;

    public StoreGuest(HashStore store, int seed)
    {
        _store = store;
        _random = new Random(seed);
        _keys = new ZipfKeys(store.Records, _random);
        _thread = new Thread(Run) { IsBackground = true, Name = "demo guest" };
        _thread.Start();
    }

    /// <summary>How many writes the store had counted at the last pause.</summary>
    public long WritesAtPause { get; private set; }

    public void Pause()
    {
        _gate.Enter();
        WritesAtPause = _store.Writes;
    }

    public void Resume()
    {
        _gate.Exit();
        if (_failure is not null)
        {
            throw new CorruptDataException($"The running guest found its own memory damaged: {_failure.Message}", _failure);
        }
    }

    /// <summary>Does so many operations on a store at full speed.</summary>
    public static void Work(HashStore store, ZipfKeys keys, Random random, int operations)
    {
        for (int i = 0; i < operations; i++)
        {
            if (random.Next(WriteShare) == 0)
            {
                store.Put(keys.Next());
            }
            else
            {
                store.Get(keys.Next());
            }
        }
    }

    public void Dispose()
    {
        _stopping = true;
        _thread.Join();
    }

    private void Run()
    {
        try
        {
            long start = Stopwatch.GetTimestamp();
            for (long done = 0; !_stopping;)
            {
                long due = (long)(Stopwatch.GetElapsedTime(start).TotalSeconds * Rate);
                lock (_gate)
                {
                    Work(_store, _keys, _random, (int)Math.Min(due - done, Rate / 100));
                }

                done = due;
                Thread.Sleep(Tick);
            }
        }
        catch (CorruptDataException failure)
        {
            _failure = failure;
        }
    }
}
