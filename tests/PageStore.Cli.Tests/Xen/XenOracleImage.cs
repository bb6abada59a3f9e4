using PageStore.Checkpoint.Tests;

namespace PageStore.Cli.Tests;

/// <summary>What a Xen stream says of a guest, by the tests' own parser: of several entries for one page the last holds.</summary>
internal sealed class XenOracleImage
{
    /// <summary>Xen's XTAB: no page there, the same as one that the stream does not mention.</summary>
    private const byte Hole = 15;

    private readonly byte[] _stream;
    private readonly Dictionary<long, XenOracleParser.Entry> _pages = [];

    private XenOracleImage(byte[] stream)
    {
        _stream = stream;
        var parser = XenOracleParser.Parse(stream);
        Sections = parser.Sections;
        foreach (XenOracleParser.Entry entry in parser.Entries)
        {
            _pages[entry.Pfn] = entry;
            PageCount = Math.Max(PageCount, entry.Pfn + 1);
        }
    }

    public long PageCount { get; }

    public Dictionary<string, byte[]> Sections { get; }

    /// <summary>The pages that carry data, ascending.</summary>
    public IEnumerable<long> DataPages => _pages.Values.Where(entry => entry.At >= 0).Select(entry => entry.Pfn).Order();

    public static XenOracleImage Of(byte[] stream) => new(stream);

    /// <summary>The content of a page that carries data.</summary>
    public ReadOnlySpan<byte> Page(long pfn) => _stream.AsSpan(_pages[pfn].At, RawImages.PageSize);

    public long CountAbsent() => PageCount - _pages.Values.Count(entry => entry.At >= 0);

    /// <summary>How many pages are another type or content than in the image before; without one, all that are no holes.</summary>
    public long CountChangedSince(XenOracleImage? before)
    {
        long changed = 0;
        for (long pfn = 0; pfn < PageCount; pfn++)
        {
            changed += IsSame(before, pfn) ? 0 : 1;
        }

        return changed;
    }

    /// <summary>The raw image: holes are zeros.</summary>
    public byte[] ToRaw()
    {
        byte[] raw = new byte[PageCount * RawImages.PageSize];
        foreach (long pfn in DataPages)
        {
            Page(pfn).CopyTo(raw.AsSpan((int)pfn * RawImages.PageSize));
        }

        return raw;
    }

    private bool IsSame(XenOracleImage? before, long pfn)
    {
        byte type = TypeOf(pfn);
        byte typeBefore = before?.TypeOf(pfn) ?? Hole;
        return type == typeBefore && (type >= 13 || Page(pfn).SequenceEqual(before!.Page(pfn)));
    }

    private byte TypeOf(long pfn) => _pages.TryGetValue(pfn, out XenOracleParser.Entry entry) ? entry.Type : Hole;
}
