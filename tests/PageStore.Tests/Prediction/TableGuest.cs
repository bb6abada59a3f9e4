using System.Buffers.Binary;

namespace PageStore.Tests.Prediction;

/// <summary>A guest with page tables in its memory, made by hand.</summary>
internal sealed class TableGuest(int pageCount) : IGuestMemory
{
    public const ulong Present = 1;
    public const ulong Writable = 2;
    public const ulong User = 4;
    public const ulong Accessed = 0x20;
    public const ulong Dirty = 0x40;
    public const ulong Large = 0x80;
    public const ulong NoExecute = 1UL << 63;
    public const ulong Table = Present | Writable | Accessed | Dirty;

    private readonly byte[] _bytes = new byte[pageCount * 4096];

    public int PageSize { get; init; } = 4096;

    public long PageCount => pageCount;

    /// <summary>Pages that the guest does not have.</summary>
    public HashSet<long> Holes { get; } = [];

    public ulong this[int page, int entry]
    {
        get => BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan((page * 4096) + (entry * 8)));
        set => BinaryPrimitives.WriteUInt64LittleEndian(_bytes.AsSpan((page * 4096) + (entry * 8)), value);
    }

    public static ulong To(long page, ulong flags) => ((ulong)page << 12) | flags;

    /// <summary>
    /// Two address spaces, roots 1 and 2, with one kernel, of which the tables are pages 3 to 7: its code lies in pages 512 to 1023, what it only reads behind them, and page 30 is its data; it maps all
    /// memory, of which page 30 by an entry of its own.
    /// </summary>
    public static TableGuest WithKernel()
    {
        var guest = new TableGuest(1200);
        foreach (int root in (int[])[1, 2])
        {
            guest[root, 511] = To(3, Table);
            guest[root, 273] = To(4, Table);
        }

        guest[3, 510] = To(5, Table);
        guest[5, 8] = To(512, Present | Accessed | Large);
        guest[5, 9] = To(1024, Present | Accessed | Large | NoExecute);
        guest[5, 10] = To(6, Table);
        guest[6, 3] = To(30, Present | Writable | Accessed | NoExecute);
        guest[4, 0] = To(7, Present | Writable);
        guest[7, 0] = To(0, Present | Writable | Large | NoExecute);
        guest[7, 1] = To(512, Present | Writable | Large | NoExecute);
        guest[7, 2] = To(1024, Present | Writable | Large | NoExecute);
        guest[7, 3] = To(6, Table);
        return guest;
    }

    /// <summary>A user's tables below a root, through pages first, first + 1 and first + 2, the last of which has the entries.</summary>
    public void MapUser(int root, int first, params ulong[] entries)
    {
        this[root, 0] = To(first, Table | User);
        this[first, 0] = To(first + 1, Table | User);
        this[first + 1, 0] = To(first + 2, Table | User);
        for (int i = 0; i < entries.Length; i++)
        {
            this[first + 2, i] = entries[i];
        }
    }

    public void CopyPages(Pfn first, Span<byte> destination, Span<GuestPageType> types)
    {
        _bytes.AsSpan((int)first.Value * 4096, destination.Length).CopyTo(destination);
        for (int i = 0; i < types.Length; i++)
        {
            types[i] = Holes.Contains(first.Value + i) ? GuestPageType.Absent : GuestPageType.Normal;
        }
    }
}
