namespace PageStore.Checkpoint.Tests;

/// <summary>
/// A guest in managed memory that goes on writing whenever its memory is read while it runs, so that every race of a capture
/// happens in every test. It knows what a dirty log would know, and what it held at the moment of the last resume.
/// </summary>
internal sealed class SimulatedGuest(int pages, int pageSize, int seed, int writesPerCopy) : IGuestMemory, IAccessLog, IGuestPause
{
    private readonly Random _random = new(seed);
    private readonly HashSet<long> _dirty = [];
    private readonly HashSet<long> _touched = [];
    private int _copies;

    public byte[] Memory { get; } = new byte[pages * pageSize];

    public byte[] AtResume { get; private set; } = [];

    /// <summary>Everything written since the last time the test cleared it.</summary>
    public HashSet<long> Written { get; } = [];

    public bool Paused { get; private set; }

    public bool Tracking { get; private set; }

    public int PauseCount { get; private set; }

    /// <summary>Fails the n-th copy from now on, once.</summary>
    public int FailCopyAfter { get; set; } = -1;

    /// <summary>Fails the copies of a paused guest.</summary>
    public bool FailPausedCopy { get; set; }

    /// <summary>How often memory was copied.</summary>
    public int Copies => Volatile.Read(ref _copies);

    public int PageSize => pageSize;

    public long PageCount => pages;

    /// <summary>Holes report no data, whatever the memory holds.</summary>
    public HashSet<long> Holes { get; } = [];

    public void CopyPages(Pfn first, Span<byte> destination, Span<GuestPageType> types)
    {
        Interlocked.Increment(ref _copies);
        if ((FailCopyAfter >= 0 && FailCopyAfter-- == 0) || (FailPausedCopy && Paused))
        {
            throw new StorageException("the guest's memory cannot be read");
        }

        if (!Paused)
        {
            Run(writesPerCopy);
        }

        Memory.AsSpan((int)first.Value * pageSize, destination.Length).CopyTo(destination);
        for (int i = 0; i < types.Length; i++)
        {
            types[i] = Holes.Contains(first.Value + i) ? GuestPageType.Absent : GuestPageType.Normal;
        }
    }

    /// <summary>Writes and reads a few pages, as a running guest does.</summary>
    public void Run(int writes)
    {
        for (int i = 0; i < writes; i++)
        {
            long pfn = _random.Next(pages);
            Span<byte> page = Memory.AsSpan((int)pfn * pageSize, pageSize);
            int kind = _random.Next(4);
            if (kind == 0)
            {
                page.Clear();
            }
            else
            {
                _random.NextBytes(kind == 1 ? page : page.Slice(_random.Next(pageSize - 64), 64));
            }

            _dirty.Add(pfn);
            Written.Add(pfn);
            _touched.Add(_random.Next(pages));
        }
    }

    /// <summary>A page goes away, or comes; the log knows of it.</summary>
    public void Change(long pfn, bool isHole)
    {
        _ = isHole ? Holes.Add(pfn) : Holes.Remove(pfn);
        _dirty.Add(pfn);
        Written.Add(pfn);
    }

    public void Start()
    {
        Tracking = true;
        _dirty.Clear();
    }

    public void Peek(PageBitmap written) => AddTo(written, _dirty);

    public void Harvest(PageBitmap written)
    {
        AddTo(written, _dirty);
        _dirty.Clear();
    }

    public void HarvestAccesses(PageBitmap written, PageBitmap read)
    {
        AddTo(read, _touched.Except(_dirty));
        _touched.Clear();
        Harvest(written);
    }

    public void Stop() => Tracking = false;

    public void Pause()
    {
        Paused = true;
        PauseCount++;
    }

    public void Resume()
    {
        AtResume = (byte[])Memory.Clone();
        Paused = false;
    }

    public void Dispose() => Stop();

    private static void AddTo(PageBitmap bitmap, IEnumerable<long> pages)
    {
        foreach (long pfn in pages)
        {
            bitmap.Set(new Pfn(pfn));
        }
    }
}
