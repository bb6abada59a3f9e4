namespace PageStore.Checkpoint;

/// <summary>Copies of pages taken during a pause, run by run, until they are stored behind the running guest.</summary>
internal sealed class PageBuffer
{
    /// <summary>The size of one buffer: 256 pages of 4 KiB, enough to make the calls per page vanish.</summary>
    public const int Bytes = 1 << 20;

    private readonly byte[] _pages = GC.AllocateUninitializedArray<byte>(Bytes);
    private readonly GuestPageType[] _types = new GuestPageType[Bytes / PageSizes.Min];
    private readonly List<PfnRun> _runs = new(Bytes / PageSizes.Min);
    private int _count;

    /// <summary>Copies as many pages of a run as there is room for.</summary>
    /// <returns>How many.</returns>
    public int Fill(IGuestMemory memory, PfnRun run)
    {
        int count = (int)Math.Min(run.Count, (Bytes / memory.PageSize) - _count);
        if (count > 0)
        {
            memory.CopyPages(run.First, _pages.AsSpan(_count * memory.PageSize, count * memory.PageSize), _types.AsSpan(_count, count));
            _runs.Add(run with { Count = count });
            _count += count;
        }

        return count;
    }

    /// <summary>Stores the copies in an epoch and empties the buffer.</summary>
    public void Store(ICapturedEpoch epoch, int pageSize)
    {
        int at = 0;
        foreach (PfnRun run in _runs)
        {
            int count = (int)run.Count;
            epoch.WritePages(run.First, _pages.AsSpan(at * pageSize, count * pageSize), _types.AsSpan(at, count));
            at += count;
        }

        Clear();
    }

    /// <summary>Forgets the copies.</summary>
    public void Clear()
    {
        _runs.Clear();
        _count = 0;
    }
}
