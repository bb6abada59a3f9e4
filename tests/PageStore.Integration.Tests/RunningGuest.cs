using PageStore.Native;

namespace PageStore.Integration.Tests;

/// <summary>
/// Threads that write and read a memory region without pause, as a guest's CPUs do, and stop at a gate when they are told to.
/// </summary>
internal sealed class RunningGuest : IGuestPause, IDisposable
{
    private readonly MemoryRegion _region;
    private readonly ReaderWriterLockSlim _gate = new();
    private readonly Thread[] _cpus;
    private volatile bool _stopping;
    private int _rounds;
    private int _roundsAtResume;

    public RunningGuest(MemoryRegion region, int cpus, int seed)
    {
        _region = region;
        _cpus = [.. Enumerable.Range(0, cpus).Select(cpu => new Thread(() => Run(new Random(seed + cpu))) { IsBackground = true })];
        foreach (Thread cpu in _cpus)
        {
            cpu.Start();
        }
    }

    /// <summary>What the region held at the last moment of the last pause.</summary>
    public byte[] AtResume { get; private set; } = [];

    /// <summary>Stops the threads, once one of them has touched pages since the last pause: a busy host may not have let them.</summary>
    public void Pause()
    {
        SpinWait.SpinUntil(() => Volatile.Read(ref _rounds) != _roundsAtResume);
        _gate.EnterWriteLock();
    }

    public void Resume()
    {
        byte[] image = new byte[_region.Length];
        _region.CopyPages(new Pfn(0), image, new GuestPageType[_region.PageCount]);
        AtResume = image;
        _roundsAtResume = _rounds;
        _gate.ExitWriteLock();
    }

    public void Dispose()
    {
        _stopping = true;
        foreach (Thread cpu in _cpus)
        {
            cpu.Join();
        }

        _gate.Dispose();
    }

    private void Run(Random random)
    {
        while (!_stopping)
        {
            _gate.EnterReadLock();
            try
            {
                for (int i = 0; i < 20; i++)
                {
                    Touch(random);
                }

                Interlocked.Increment(ref _rounds);
            }
            finally
            {
                _gate.ExitReadLock();
            }

            Thread.Yield();
        }
    }

    private void Touch(Random random)
    {
        Span<byte> page = _region.GetPage(new Pfn(random.NextInt64(_region.PageCount)));
        switch (random.Next(8))
        {
            case 0:
                page.Clear();
                break;
            case 1:
                page.Fill((byte)random.Next(256));
                break;
            case < 5:
                random.NextBytes(page.Slice(random.Next(4000), 64));
                break;
            default:
                _ = page[random.Next(4096)];
                break;
        }
    }
}
