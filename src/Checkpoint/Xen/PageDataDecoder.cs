using System.Buffers.Binary;

namespace PageStore.Checkpoint;

/// <summary>
/// Decodes the bodies of PAGE_DATA records: a count, that many numbers and types of pages, and the bytes of those that carry data.
/// Nothing of a record is delivered before all of its numbers, types and its length have been checked.
/// </summary>
internal sealed class PageDataDecoder
{
    /// <summary>The most pages in one record: every release of Xen writes at most this many (xg_sr_common.h, <c>MAX_BATCH_SIZE</c>).</summary>
    public const int MaxBatch = 1024;

    /// <summary>How many pages are delivered at once: 1 MiB of them stays in a processor's cache between copying and hashing.</summary>
    private const int Slice = 256;

    /// <summary>x86 pages; the domain header's page_shift was checked to be 12.</summary>
    private const int PageSize = 4096;

    /// <summary>Count and reserved field of a body.</summary>
    public const int HeaderSize = 8;

    /// <summary>The number and the type of one page.</summary>
    public const int EntrySize = 8;

    private const int RecordHeaderSize = 8;

    private const ulong PfnMask = (1UL << 52) - 1;
    private const ulong ReservedMask = 0xFFUL << 52;

    /// <summary>Where the type stands in an entry.</summary>
    public const int TypeShift = 60;

    private readonly long _maxPageCount;
    private readonly byte[] _entries = new byte[MaxBatch * EntrySize];
    private readonly Pfn[] _pfns = new Pfn[MaxBatch];
    private readonly GuestPageType[] _types = new GuestPageType[MaxBatch];
    private byte[] _pages = [];

    public PageDataDecoder(long maxPageCount) => _maxPageCount = maxPageCount;

    /// <summary>Reads one body and delivers its pages; to nobody, where <paramref name="sink"/> is null.</summary>
    /// <returns>How many pages it named, and how many carried data.</returns>
    public async ValueTask<(int Entries, int DataPages)> ReadAsync(
        StreamCursor cursor, uint length, StreamPlace place, IPageSink? sink, CancellationToken cancellationToken)
    {
        int count = await ReadCountAsync(cursor, length, place, cancellationToken).ConfigureAwait(false);
        await cursor.FillAsync(_entries.AsMemory(0, count * EntrySize), place, cancellationToken).ConfigureAwait(false);
        int dataPages = Decode(count, place);
        long expected = HeaderSize + ((long)count * EntrySize) + ((long)dataPages * PageSize);
        if (expected != length)
        {
            throw place.Corrupt($"its body has {length} bytes, and its {count} pages, {dataPages} of them with data, make {expected}");
        }

        for (int first = 0; first < count; first += Slice)
        {
            int slice = Math.Min(Slice, count - first);
            Memory<byte> pages = ReservePages(CountDataPages(first, slice));
            await cursor.FillAsync(pages, place, cancellationToken).ConfigureAwait(false);
            sink?.OnPages(_pfns.AsSpan(first, slice), _types.AsSpan(first, slice), pages.Span);
        }

        return (count, dataPages);
    }

    private async ValueTask<int> ReadCountAsync(
        StreamCursor cursor, uint length, StreamPlace place, CancellationToken cancellationToken)
    {
        if (length < HeaderSize)
        {
            throw place.Corrupt($"its body has {length} bytes, fewer than its own header of {HeaderSize}");
        }

        await cursor.FillAsync(_entries.AsMemory(0, HeaderSize), place, cancellationToken).ConfigureAwait(false);
        return CheckCount(length, place);
    }

    private int CheckCount(uint length, StreamPlace place)
    {
        uint count = BinaryPrimitives.ReadUInt32LittleEndian(_entries);
        uint reserved = BinaryPrimitives.ReadUInt32LittleEndian(_entries.AsSpan(4));
        if (count == 0)
        {
            throw place.Corrupt("it names no page", place.Offset + RecordHeaderSize);
        }

        if (HeaderSize + ((long)count * EntrySize) > length)
        {
            throw place.Corrupt($"it claims {count} pages, and its body has only {length} bytes", place.Offset + RecordHeaderSize);
        }

        if (reserved != 0)
        {
            throw place.Corrupt($"its reserved field is 0x{reserved:x}, not 0", place.Offset + RecordHeaderSize + 4);
        }

        return count <= MaxBatch
            ? (int)count
            : throw place.Unsupported($"it holds {count} pages, and Xen writes at most {MaxBatch} in a record", LibxcRecords.NewerXen);
    }

    /// <summary>Decodes the numbers and types, and returns how many pages carry data.</summary>
    private int Decode(int count, StreamPlace place)
    {
        int dataPages = 0;
        for (int i = 0; i < count; i++)
        {
            ulong entry = BinaryPrimitives.ReadUInt64LittleEndian(_entries.AsSpan(i * EntrySize));
            var pfn = new Pfn((long)(entry & PfnMask));
            var type = (GuestPageType)(entry >> TypeShift);
            if ((entry & ReservedMask) != 0 || !GuestPageTypes.IsDefined(type) || pfn.Value >= _maxPageCount)
            {
                throw BadEntry(i, entry, pfn, type, place);
            }

            _pfns[i] = pfn;
            _types[i] = type;
            dataPages += GuestPageTypes.HasData(type) ? 1 : 0;
        }

        return dataPages;
    }

    private CorruptDataException BadEntry(int index, ulong entry, Pfn pfn, GuestPageType type, StreamPlace place)
    {
        long offset = place.Offset + RecordHeaderSize + HeaderSize + ((long)index * EntrySize);
        string what = (entry & ReservedMask) != 0
            ? $"entry {index} is 0x{entry:x16}, with reserved bits (59 to 52) set"
            : !GuestPageTypes.IsDefined(type)
                ? $"entry {index} gives page {pfn} the type {(int)type}, which is not defined"
                : $"entry {index} names page {pfn}, and the limit is 0x{_maxPageCount:x} pages "
                    + $"({nameof(XenStreamOptions)}.{nameof(XenStreamOptions.MaxPageCount)})";
        return place.Corrupt(what, offset, pfn);
    }

    /// <summary>The page buffer grows to what slices need, and never beyond <see cref="Slice"/> pages.</summary>
    private Memory<byte> ReservePages(int count)
    {
        int bytes = count * PageSize;
        if (_pages.Length < bytes)
        {
            _pages = GC.AllocateUninitializedArray<byte>(Math.Min(2 * bytes, Slice * PageSize));
        }

        return _pages.AsMemory(0, bytes);
    }

    private int CountDataPages(int first, int count)
    {
        int dataPages = 0;
        foreach (GuestPageType type in _types.AsSpan(first, count))
        {
            dataPages += GuestPageTypes.HasData(type) ? 1 : 0;
        }

        return dataPages;
    }
}
