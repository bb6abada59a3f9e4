namespace PageStore;

/// <summary>
/// The pages that were touched so far, ascending, each with a frequency on three time scales. A frequency is a mean over all intervals in which older ones weigh less:
/// 1 for a page touched in each of them. Adding an interval costs what was ever touched, not what the guest has.
/// </summary>
internal sealed class AccessHistory(int maxPages) : IDisposable
{
    /// <summary>
    /// In which so many intervals the weight of an access halves. At the paper's few intervals a second: the current step of the work, its phase, and the guest's whole
    /// life. Others between 0.5 and 128 changed the recall on four recorded machines by less than 0.01.
    /// </summary>
    private const double FastHalfLife = 1;
    private const double PhaseHalfLife = 8;
    private const double SlowHalfLife = 64;

    /// <summary>When there are too many pages, this part of them stays, so that not each interval has to forget.</summary>
    private const double KeptShare = 0.75;

    private static readonly float FastDecay = DecayOf(FastHalfLife);
    private static readonly float PhaseDecay = DecayOf(PhaseHalfLife);
    private static readonly float SlowDecay = DecayOf(SlowHalfLife);

    private readonly PageBitmap _known = new(0);
    private long[] _pages = [];
    private float[] _fast = [];
    private float[] _phase = [];
    private float[] _slow = [];

    /// <summary>How many pages are known.</summary>
    public int Count { get; private set; }

    /// <summary>The number of pages of the guest, as far as it showed.</summary>
    public long Length => _known.Length;

    /// <summary>The known pages.</summary>
    public PageBitmap Known => _known;

    public Pfn PageAt(int index) => new(_pages[index]);

    public float FastAt(int index) => _fast[index];

    public float PhaseAt(int index) => _phase[index];

    public float SlowAt(int index) => _slow[index];

    /// <summary>All scales together: from 0 to 3.</summary>
    public float FrequencyAt(int index) => _fast[index] + _phase[index] + _slow[index];

    /// <summary>Ends an interval in which these pages were touched.</summary>
    public void Add(PageBitmap accessed)
    {
        _known.EnsureLength(accessed.Length);
        Decay();
        Insert(accessed);
        Strengthen(accessed);
        if (Count > maxPages)
        {
            Forget((int)(maxPages * KeptShare));
        }
    }

    public void Dispose() => _known.Dispose();

    private static float DecayOf(double halfLife) => (float)Math.Pow(0.5, 1 / halfLife);

    private void Decay()
    {
        for (int i = 0; i < Count; i++)
        {
            _fast[i] *= FastDecay;
            _phase[i] *= PhaseDecay;
            _slow[i] *= SlowDecay;
        }
    }

    /// <summary>Makes room for the pages that are new, from the end, so that each known page is moved once.</summary>
    private void Insert(PageBitmap accessed)
    {
        using PageBitmap fresh = new(_known.Length);
        fresh.Or(accessed);
        fresh.AndNot(_known);
        long[] added = fresh.ToNumbers();
        if (added.Length == 0)
        {
            return;
        }

        Grow(checked(Count + added.Length));
        int from = Count - 1;
        int next = added.Length - 1;
        for (int to = Count + added.Length - 1; next >= 0; to--)
        {
            if (from >= 0 && _pages[from] > added[next])
            {
                Move(from--, to);
            }
            else
            {
                _pages[to] = added[next--];
                (_fast[to], _phase[to], _slow[to]) = (0, 0, 0);
            }
        }

        Count += added.Length;
        _known.Or(fresh);
    }

    private void Strengthen(PageBitmap accessed)
    {
        int index = 0;
        foreach (Pfn page in accessed.SetBits())
        {
            while (_pages[index] < page.Value)
            {
                index++;
            }

            _fast[index] += 1 - FastDecay;
            _phase[index] += 1 - PhaseDecay;
            _slow[index] += 1 - SlowDecay;
        }
    }

    /// <summary>Keeps the likeliest pages.</summary>
    private void Forget(int kept)
    {
        var ranking = new Ranking(kept, Count);
        for (int i = 0; i < Count; i++)
        {
            ranking.Add(PageAt(i), FrequencyAt(i));
        }

        _known.ClearAll();
        foreach (Pfn page in ranking.Best())
        {
            _known.Set(page);
        }

        int to = 0;
        for (int from = 0; from < Count; from++)
        {
            if (_known.Contains(PageAt(from)))
            {
                Move(from, to++);
            }
        }

        Count = to;
    }

    private void Move(int from, int to) =>
        (_pages[to], _fast[to], _phase[to], _slow[to]) = (_pages[from], _fast[from], _phase[from], _slow[from]);

    private void Grow(int count)
    {
        if (count <= _pages.Length)
        {
            return;
        }

        // By a half, as lists grow, and never far beyond what may be kept.
        int size = Math.Max(count, (int)Math.Min(count * 3L / 2, maxPages));
        Array.Resize(ref _pages, size);
        Array.Resize(ref _fast, size);
        Array.Resize(ref _phase, size);
        Array.Resize(ref _slow, size);
    }
}
