namespace PageStore.Checkpoint;

/// <summary>Why pages are loaded without being demanded.</summary>
internal enum FillCause
{
    /// <summary>They are in the plan.</summary>
    Plan,

    /// <summary>They lie around one that was demanded.</summary>
    Bubble,

    /// <summary>They are the rest.</summary>
    Background,
}

/// <summary>What is to be done with a page.</summary>
internal enum FillContent : byte
{
    /// <summary>It has content.</summary>
    Data,

    /// <summary>It is zero, or the epoch has no such page.</summary>
    Zero,

    /// <summary>It is damaged, or could not be read.</summary>
    Damaged,
}

/// <summary>Pages on their way into a guest. Its buffers are made once and used again. Belongs to one thread at a time.</summary>
internal sealed class FillBatch(int pageSize)
{
    /// <summary>A MiB of 4 KiB pages: from there on a read of a disk, and a call, cost little beside what they carry.</summary>
    public const int Capacity = 256;

    private readonly Pfn[] _pages = new Pfn[Capacity];
    private readonly FillContent[] _contents = new FillContent[Capacity];

    // The kernel copies from it.
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(Capacity * pageSize, pinned: true);

    /// <summary>Why they are loaded.</summary>
    public FillCause Cause { get; private set; }

    public int Count { get; private set; }

    /// <summary>How many of them are dealt with.</summary>
    public int Placed { get; set; }

    public ReadOnlySpan<Pfn> Pages => _pages.AsSpan(0, Count);

    public Span<FillContent> Contents => _contents.AsSpan(0, Count);

    public Span<byte> Buffer => _buffer.AsSpan(0, Count * pageSize);

    /// <summary>Whether its pages are the next ones of the epoch's pack, whatever was added to it.</summary>
    public bool IsPacked { get; private set; }

    /// <summary>Begins anew.</summary>
    public void Reset(FillCause cause, bool isPacked = false)
    {
        Cause = cause;
        IsPacked = isPacked;
        Count = 0;
        Placed = 0;
    }

    /// <summary>Adds a page; there must be room.</summary>
    public void Add(Pfn page) => _pages[Count++] = page;

    /// <summary>Fills it with what a reader chooses.</summary>
    /// <param name="read">Gets all of the room, and says how many pages it filled.</param>
    public void Fill(Func<byte[], Pfn[], int> read) => Count = read(_buffer, _pages);

    /// <summary>Puts the pages in order, so that neighbours are read and brought together.</summary>
    public void Sort() => _pages.AsSpan(0, Count).Sort();
}
