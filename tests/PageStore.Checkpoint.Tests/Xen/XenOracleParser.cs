using System.Text;

namespace PageStore.Checkpoint.Tests;

/// <summary>
/// The tests' own parser of Xen streams: naive, over the whole stream in memory, and without a check. It shares no code
/// with the library, page types included.
/// </summary>
internal sealed class XenOracleParser
{
    private readonly byte[] _bytes;
    private int _at;

    private XenOracleParser(byte[] bytes) => _bytes = bytes;

    /// <summary>One entry of a PAGE_DATA record; <c>At</c> is the offset of its page in the stream, or -1.</summary>
    public readonly record struct Entry(long Pfn, byte Type, int At);

    public List<Entry> Entries { get; } = [];

    public Dictionary<string, byte[]> Sections { get; } = [];

    public int VerifyEntries { get; private set; }

    public int Records { get; private set; }

    public uint Version { get; private set; }

    public uint Guest { get; private set; }

    public static XenOracleParser Parse(byte[] bytes)
    {
        var parser = new XenOracleParser(bytes);
        parser.ParseAll();
        return parser;
    }

    private void ParseAll()
    {
        bool xl = _bytes[0] == (byte)'X';
        if (xl)
        {
            int optional = (int)U32(44);
            int config = (int)U32(48);
            Keep("xl-header", 0, 52);
            Keep("xl-config", 52, 52 + config);
            Keep("xl-optional", 52 + config, 48 + optional);
            _at = 48 + optional;
        }

        bool libxl = Encoding.ASCII.GetString(_bytes, _at, 8) == "LibxlFmt";
        if (libxl)
        {
            Keep("libxl-header", _at, _at + 16);
            _at += 16;
            int head = _at;
            while (Next().Type != 1)
            {
            }

            Keep("libxl-head", head, _at);
        }

        ParseLibxc();
        int tail = _at;
        while (libxl && Next().Type != 0)
        {
        }

        Keep("libxl-tail", tail, _at);
        if (_at != _bytes.Length)
        {
            throw new InvalidOperationException($"The oracle ended at {_at} of {_bytes.Length}.");
        }
    }

    private void ParseLibxc()
    {
        Keep("libxc-header", _at, _at + 40);
        Version = BitConverter.ToUInt32([_bytes[_at + 15], _bytes[_at + 14], _bytes[_at + 13], _bytes[_at + 12]]);
        Guest = U32(_at + 24);
        _at += 40;
        var before = new MemoryStream();
        var behind = new MemoryStream();
        bool pages = false;
        bool verify = false;
        uint type;
        do
        {
            int start = _at;
            (type, int body) = Next();
            if (type == 1)
            {
                pages = true;
                ParsePages(body, verify);
            }
            else if (type == 0xD)
            {
                verify = true;
            }
            else
            {
                (pages ? behind : before).Write(_bytes, start, _at - start);
            }
        }
        while (type != 0);

        Add("libxc-static", before.ToArray());
        Add("libxc-state", behind.ToArray());
    }

    private void ParsePages(int body, bool verify)
    {
        int count = (int)U32(body);
        int data = body + 8 + (8 * count);
        for (int i = 0; i < count; i++)
        {
            ulong entry = BitConverter.ToUInt64(_bytes, body + 8 + (8 * i));
            var type = (byte)(entry >> 60);
            bool carries = type is not (13 or 14 or 15);
            if (verify)
            {
                VerifyEntries++;
            }
            else
            {
                Entries.Add(new Entry((long)(entry & 0xFFFFFFFFFFFFF), type, carries ? data : -1));
            }

            data += carries ? 4096 : 0;
        }
    }

    private (uint Type, int Body) Next()
    {
        uint type = U32(_at);
        int body = _at + 8;
        _at = body + ((((int)U32(_at + 4)) + 7) / 8 * 8);
        Records++;
        return (type, body);
    }

    private uint U32(int at) => BitConverter.ToUInt32(_bytes, at);

    private void Keep(string name, int from, int to) => Add(name, _bytes[from..to]);

    private void Add(string name, byte[] bytes)
    {
        if (bytes.Length > 0)
        {
            Sections.Add(name, bytes);
        }
    }
}
