using System.Text;

namespace PageStore.FormatReader;

/// <summary>A page of an epoch: its kind, the hypervisor's type bits, and its content.</summary>
public readonly record struct FormatPage(FormatKind Kind, int Type, byte[] Content);

/// <summary>docs/format.md, "Epoch record".</summary>
public sealed class FormatEpoch
{
    private const int MaxSize = 65536;
    private const int FirstItem = 224;

    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    private readonly FormatFile _file;
    private readonly FormatTree _pages;
    private readonly List<(string Name, byte[] Content)> _sections = [];

    internal FormatEpoch(FormatFile file, ReadOnlySpan<byte> record, long id)
    {
        _file = file;
        BrokenFormatException.Unless(record.Length is >= FirstItem and <= MaxSize && record.StartsWith("EPOC"u8), "record: magic");
        BrokenFormatException.Unless(Bytes.U32(record, 4) == FirstItem, "record: offset of the first item");
        Id = Bytes.I64(record, 8);
        Parent = Bytes.Count(record, 16, "parent");
        BrokenFormatException.Unless(Id == id && Parent < Id, "record: id or parent");
        TimeMicroseconds = Bytes.I64(record, 24);
        PageCount = Bytes.Count(record, 32, "page count");
        BrokenFormatException.Unless(PageCount <= 1L << 40, "record: page count");
        _pages = FormatTree.Read(file, record.Slice(40, FormatTree.Size), FormatTreeKind.PageTable);
        BrokenFormatException.Unless(_pages.Height == FormatTree.SmallestHeight(PageCount), "record: height of the page table");
        Written = ReadSet(record.Slice(64, 32)) ?? throw new BrokenFormatException("record: no W");
        Read = ReadSet(record.Slice(96, 32));
        BrokenFormatException.Unless(Written.Count == Bytes.I64(record, 128), "record: number of pages in W");
        BrokenFormatException.Unless((Read?.Count ?? 0) == Bytes.I64(record, 136), "record: number of pages in R");
        Counts = [.. Enumerable.Range(0, 4).Select(i => 144 + (8 * i)).Select(Number(record.ToArray()))];
        BrokenFormatException.Unless(Counts.Sum() == PageCount, "record: the counts do not add up");
        StoredBytes = Bytes.Count(record, 176, "bytes");
        Consistency = record[184];
        BrokenFormatException.Unless(Consistency <= 2 && Bytes.AllZero(record[185..192]), "record: consistency or reserved bytes");
        GuestId = Bytes.Uuid(record, 192);
        BootInstance = Bytes.Uuid(record, 208);
        ReadItems(record);
    }

    public long Id { get; }

    public long Parent { get; }

    public long TimeMicroseconds { get; }

    public long PageCount { get; }

    public FormatSet Written { get; }

    public FormatSet? Read { get; }

    /// <summary>Absent, zero, repeated, other pages, as the record counts them.</summary>
    public IReadOnlyList<long> Counts { get; }

    public long StoredBytes { get; }

    public int Consistency { get; }

    public Guid GuestId { get; }

    public Guid BootInstance { get; }

    public string? Label { get; private set; }

    public IReadOnlyList<(string Name, byte[] Content)> Sections => _sections;

    /// <summary>The pages of the resume pack in the order of its plan; null where there is none.</summary>
    public IReadOnlyList<(long Pfn, FormatPage Page)>? Pack { get; private set; }

    public FormatPage ReadPage(long pfn)
    {
        BrokenFormatException.Unless(pfn >= 0 && pfn < PageCount, "a page outside the guest");
        FormatEntry entry = _pages.Find(pfn);
        BrokenFormatException.Unless(!entry.IsRaw || _file.Cipher is not null || entry.Location % _file.Header.PageSize == 0, "a raw page is not aligned");
        return new FormatPage(entry.Kind, entry.PageType, _file.ReadContent(entry, _file.Header.PageSize, pfn));
    }

    /// <summary>Checks that the page table holds what the record counts, and nothing behind the guest's end.</summary>
    public void CheckCounts()
    {
        long[] found = new long[4];
        foreach ((long key, FormatEntry entry) in _pages.Leaves())
        {
            BrokenFormatException.Unless(key < PageCount, $"page table: a page behind the end, {key}");
            found[Math.Min((int)entry.Kind, 3)]++;
        }

        found[0] = PageCount - found[1] - found[2] - found[3];
        BrokenFormatException.Unless(found.SequenceEqual(Counts), $"record: counts {string.Join(' ', Counts)}, page table: {string.Join(' ', found)}");
    }

    private static Func<int, long> Number(byte[] record) => offset => Bytes.Count(record, offset, "a count of pages");

    private FormatSet? ReadSet(ReadOnlySpan<byte> field)
    {
        byte[] encoded = _file.ReadBlob(field);
        if (encoded.Length == 0)
        {
            return null;
        }

        FormatSet set = FormatSet.Decode(encoded);
        BrokenFormatException.Unless(set.Length == PageCount, "set: not one bit for each page");
        return set;
    }

    private void ReadItems(ReadOnlySpan<byte> record)
    {
        int at = FirstItem;
        while (at < record.Length && Bytes.U16(record, at) != 0)
        {
            int tag = Bytes.U16(record, at);
            int flags = Bytes.U16(record, at + 2);
            uint size = Bytes.U32(record, at + 4);
            BrokenFormatException.Unless(size <= record.Length - at - 8, "item: size");
            ReadOnlySpan<byte> body = record.Slice(at + 8, (int)size);
            int end = at + 8 + (((int)size + 7) & ~7);
            BrokenFormatException.Unless(Bytes.AllZero(record[(at + 8 + (int)size)..end]) && flags <= 1, "item: padding or flags");
            ReadItem(tag, flags, body);
            at = end;
        }

        BrokenFormatException.Unless(Bytes.AllZero(record[at..]), "record: bytes behind the last item");
    }

    private void ReadItem(int tag, int flags, ReadOnlySpan<byte> body)
    {
        if (tag == 1)
        {
            BrokenFormatException.Unless(Label is null && body.Length is >= 1 and <= 1024 && flags == 0, "label");
            Label = Utf8.GetString(body);
        }
        else if (tag == 2)
        {
            BrokenFormatException.Unless(body.Length is >= 33 and <= 32 + 255 && flags == 1, "state section");
            string name = Utf8.GetString(body[32..]);
            BrokenFormatException.Unless(_sections.All(section => section.Name != name), "state section: a name twice");
            _sections.Add((name, _file.ReadBlob(body[..32])));
        }
        else if (tag == 3 && body.Length >= 4 && Bytes.U32(body, 0) == 1)
        {
            BrokenFormatException.Unless(Pack is null && flags == 0, "pack: twice, or flags");
            Pack = FormatPack.Read(_file, body, PageCount);
        }
        else
        {
            BrokenFormatException.Unless((flags & 1) == 0, $"item: required and unknown, {tag}");
        }
    }
}
