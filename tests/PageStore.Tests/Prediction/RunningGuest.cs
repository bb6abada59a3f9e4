using Xunit;
using static PageStore.Tests.Prediction.TableGuest;

namespace PageStore.Tests.Prediction;

/// <summary>
/// A guest whose processor goes through its page tables and sets their bits as a real one does, under a dirty log. A space maps pages of its program at addresses that are counted in pages from 0 to 2047.
/// </summary>
internal sealed class RunningGuest : IDirtyLog, IAccessBits
{
    private const int FirstTable = 100;
    private const int FirstData = 600;

    private readonly HashSet<long> _dirty = [];
    private readonly Queue<int> _freeTables = new(Enumerable.Range(FirstTable, FirstData - FirstTable));

    public TableGuest Memory { get; } = WithKernel();

    /// <summary>What the program of a space accessed since its bits were cleared, by address: the oracle.</summary>
    public Dictionary<int, HashSet<int>> Accessed { get; } = [];

    public long PageCount => Memory.PageCount;

    public bool IsStanding { get; set; } = true;

    /// <summary>Roots of the processors.</summary>
    public List<int> Processors { get; } = [];

    /// <summary>Whether each table that a processor goes through counts as written, as under nested paging.</summary>
    public bool WalksWrite { get; set; }

    public Exception? Failure { get; set; }

    public bool IsRunning { get; private set; }

    /// <summary>Makes an address space.</summary>
    public int Begin()
    {
        int root = NewTable();
        Write(root, 511, To(3, Table));
        Write(root, 273, To(4, Table));
        Accessed[root] = [];
        return root;
    }

    /// <summary>Ends one as Linux does: entry by entry is taken away, and the tables are free.</summary>
    public void End(int root)
    {
        Free(root, 4);
        Write(root, 511, 0);
        Accessed.Remove(root);
    }

    public void Map(int root, int address, long page)
    {
        int table = root;
        foreach (int index in Path(address)[..3])
        {
            if (Memory[table, index] == 0)
            {
                Write(table, index, To(NewTable(), Present | Writable | User));
            }

            table = (int)(Memory[table, index] >> 12);
        }

        Write(table, address % 512, To(page, Present | Writable | User | NoExecute));
        Accessed[root].Remove(address);
    }

    public void Unmap(int root, int address)
    {
        if (Find(root, address) is { } table)
        {
            Write(table, address % 512, 0);
            Accessed[root].Remove(address);
        }
    }

    /// <summary>The page at an address, which is accessed; null if there is none.</summary>
    public long? Access(int root, int address, bool isWrite)
    {
        if (Find(root, address) is null || PageAt(root, address) is not { } page)
        {
            return null;
        }

        int table = root;
        int[] path = Path(address);
        for (int level = 0; level < 4; level++)
        {
            ulong entry = Memory[table, path[level]];
            ulong now = entry | BitsOf(level == 3 && isWrite);
            if (now != entry || WalksWrite)
            {
                Write(table, path[level], now);
            }

            table = (int)(now >> 12) & 0xfffff;
        }

        if (isWrite)
        {
            _dirty.Add(page);
        }

        Accessed[root].Add(address);
        return page;
    }

    public long? PageAt(int root, int address) =>
        Find(root, address) is { } table && (Memory[table, address % 512] & Present) != 0 ? (long)(Memory[table, address % 512] >> 12 & 0xfffff) : null;

    /// <summary>Writes a word of its memory.</summary>
    public void Write(int page, int word, ulong value)
    {
        Memory[page, word] = value;
        _dirty.Add(page);
    }

    public void Start()
    {
        IsRunning = true;
        _dirty.Clear();
    }

    public void Peek(PageBitmap written)
    {
        foreach (long page in _dirty)
        {
            written.Set(new Pfn(page));
        }
    }

    public void Harvest(PageBitmap written)
    {
        Peek(written);
        _dirty.Clear();
    }

    public void Stop() => IsRunning = false;

    public void Dispose() => Stop();

    public IReadOnlyList<Pfn> ReadRoots() => [.. Processors.Select(root => new Pfn(root))];

    public long Clear(ReadOnlySpan<Pfn> tables, ReadOnlySpan<ulong> entries)
    {
        Assert.True(IsStanding);
        Assert.Equal(tables.Length * 8, entries.Length);
        long cleared = 0;
        for (int i = 0; i < entries.Length * 64; i++)
        {
            int page = (int)tables[i / 512].Value;
            if ((entries[i / 64] >> (i % 64) & 1) != 0)
            {
                cleared += (long)(Memory[page, i % 512] >> 5 & 1);
                Memory[page, i % 512] &= ~TableGuest.Accessed;
            }
        }

        return Failure is null ? cleared : throw Failure;
    }

    private static ulong BitsOf(bool isWrite) => isWrite ? TableGuest.Accessed | Dirty : TableGuest.Accessed;

    private static int[] Path(int address) => [0, 0, address / 512, address % 512];

    public int LeafOf(int root) => Find(root, 0)!.Value;

    private int? Find(int root, int address)
    {
        int table = root;
        foreach (int index in Path(address)[..3])
        {
            if (Memory[table, index] == 0)
            {
                return null;
            }

            table = (int)(Memory[table, index] >> 12);
        }

        return table;
    }

    private int NewTable()
    {
        int table = _freeTables.Dequeue();
        for (int i = 0; i < 512; i++)
        {
            Write(table, i, 0);
        }

        return table;
    }

    private void Free(int table, int level)
    {
        for (int i = 0; i < (level == 4 ? 256 : 512) && level > 1; i++)
        {
            if (Memory[table, i] != 0)
            {
                int below = (int)(Memory[table, i] >> 12);
                Write(table, i, 0);
                Free(below, level - 1);
            }
        }

        _freeTables.Enqueue(table);
    }
}
