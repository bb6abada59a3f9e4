using System.Buffers.Binary;

namespace PageStore.Checkpoint;

/// <summary>One PAGE_DATA record of a libxc stream under way: pages in ascending order, of which those with data have their bytes behind all numbers. For one thread.</summary>
internal sealed class PageDataRecord(int pageSize)
{
    private const int FrontSize = RecordHeader.Size + PageDataDecoder.HeaderSize;

    private readonly byte[] _front = new byte[FrontSize + (PageDataDecoder.MaxBatch * PageDataDecoder.EntrySize)];
    private readonly byte[] _pages = new byte[PageDataDecoder.MaxBatch * pageSize];
    private readonly GuestPageType[] _types = new GuestPageType[PageDataDecoder.MaxBatch];
    private int _count;
    private int _dataPages;

    /// <summary>How many more pages it can take.</summary>
    public int Room => PageDataDecoder.MaxBatch - _count;

    public bool IsEmpty => _count == 0;

    /// <summary>The page behind the last one.</summary>
    public Pfn End { get; private set; }

    /// <summary>Header and numbers; valid until the record is cleared.</summary>
    public ReadOnlyMemory<byte> Front
    {
        get
        {
            int body = PageDataDecoder.HeaderSize + (_count * PageDataDecoder.EntrySize) + (_dataPages * pageSize);
            new RecordHeader((uint)LibxcRecordType.PageData, (uint)body).Write(_front);
            BinaryPrimitives.WriteInt32LittleEndian(_front.AsSpan(8), _count);
            BinaryPrimitives.WriteInt32LittleEndian(_front.AsSpan(12), 0);
            return _front.AsMemory(0, FrontSize + (_count * PageDataDecoder.EntrySize));
        }
    }

    /// <summary>The bytes of the pages that carry data; valid until the record is cleared.</summary>
    public ReadOnlyMemory<byte> Pages => _pages.AsMemory(0, _dataPages * pageSize);

    /// <summary>Where the bytes and types of the next pages are put before they are added; at most <see cref="Room"/>.</summary>
    public void Claim(int count, out Span<byte> pages, out Span<GuestPageType> types)
    {
        pages = _pages.AsSpan(_dataPages * pageSize, count * pageSize);
        types = _types.AsSpan(0, count);
    }

    /// <summary>Adds the pages for which <see cref="Claim"/> gave the place; returns how many of them carry data.</summary>
    public int Add(Pfn first, int count)
    {
        int begin = _dataPages;
        for (int i = 0; i < count; i++)
        {
            ulong entry = ((ulong)_types[i] << PageDataDecoder.TypeShift) | (ulong)(first.Value + i);
            BinaryPrimitives.WriteUInt64LittleEndian(_front.AsSpan(FrontSize + (_count++ * PageDataDecoder.EntrySize)), entry);
            if (GuestPageTypes.HasData(_types[i]))
            {
                // Over those before it that carry none.
                int at = (begin + i) * pageSize;
                _pages.AsSpan(at, pageSize).CopyTo(_pages.AsSpan(_dataPages++ * pageSize));
            }
        }

        End = first + count;
        return _dataPages - begin;
    }

    /// <summary>Begins the next record.</summary>
    public void Clear() => (_count, _dataPages) = (0, 0);
}
