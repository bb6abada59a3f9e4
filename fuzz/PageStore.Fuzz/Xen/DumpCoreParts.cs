using System.Buffers.Binary;

namespace PageStore.Fuzz;

/// <summary>Makes a file of <c>xl dump-core</c>, laid out as Xen's docs/misc/dump-core-format.txt and its writer have it; no guest ever ran in it.</summary>
internal sealed class DumpCoreParts
{
    private const int SectionHead = 64;
    private const int ElfHead = 64;

    private readonly List<(string Name, byte[] Body)> _sections = [];

    /// <summary>How many pages the notes tell of.</summary>
    public long PageCount { get; init; }

    /// <summary>Their size, as the notes have it.</summary>
    public long PageSize { get; init; } = 4096;

    /// <summary>The version of the format; the upper half is the one that counts.</summary>
    public ulong Version { get; init; } = 1;

    /// <summary>A dump of these pages, of which those with the highest number of all are padding.</summary>
    public static byte[] Make(bool pv, params (ulong Pfn, byte[] Page)[] pages)
    {
        var parts = new DumpCoreParts { PageCount = pages.Length };
        parts.Add(".note.Xen", parts.Notes());
        parts.Add(".xen_prstatus", [1, 2, 3, 4, 5, 6, 7, 8]);
        parts.Add(".xen_shared_info", pv ? new byte[4096] : []);
        parts.Add(".xen_pages", [.. pages.SelectMany(page => page.Page)]);
        parts.Add(pv ? ".xen_p2m" : ".xen_pfn", [.. pages.SelectMany(page => pv ? [.. Word(page.Pfn), .. Word(page.Pfn + 1000)] : Word(page.Pfn))]);
        return parts.ToArray();
    }

    public void Add(string name, byte[] body) => _sections.Add((name, body));

    /// <summary>The notes, with one of each kind.</summary>
    public byte[] Notes() =>
    [
        .. Note(0x2000000, []),
        .. Note(0x2000001, [.. Word(0xF00FEBEE), .. Word(1), .. Word((ulong)PageCount), .. Word((ulong)PageSize)]),
        .. Note(0x2000002, new byte[1280]),
        .. Note(0x2000003, Word(Version)),
    ];

    /// <summary>The file: headers first, the names of the sections last.</summary>
    public byte[] ToArray()
    {
        byte[] names = [0, .. _sections.Append((Name: ".shstrtab", Body: [])).SelectMany(section => (byte[])[.. System.Text.Encoding.ASCII.GetBytes(section.Name), 0])];
        var file = new MemoryStream();
        file.Write(ElfHeader());
        file.Write(new byte[SectionHead]);
        long offset = ElfHead + (SectionHead * (_sections.Count + 2L));
        int name = 1;
        foreach ((string text, byte[] body) in _sections.Append((".shstrtab", names)))
        {
            file.Write(SectionHeader(name, offset, body.Length));
            offset += body.Length;
            name += text.Length + 1;
        }

        _sections.ForEach(section => file.Write(section.Body));
        file.Write(names);
        return file.ToArray();
    }

    private byte[] ElfHeader()
    {
        byte[] header = new byte[ElfHead];
        ((ReadOnlySpan<byte>)[0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1]).CopyTo(header);
        header[16] = 4;
        header[18] = 62;
        header[20] = 1;
        header[40] = ElfHead;
        header[52] = ElfHead;
        header[58] = SectionHead;
        header[60] = (byte)(_sections.Count + 2);
        header[62] = (byte)(_sections.Count + 1);
        return header;
    }

    private static byte[] SectionHeader(int name, long offset, long size)
    {
        byte[] header = new byte[SectionHead];
        BinaryPrimitives.WriteInt32LittleEndian(header, name);
        header[4] = 1;
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(24), offset);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(32), size);
        return header;
    }

    private static byte[] Note(uint type, byte[] body)
    {
        byte[] head = new byte[16];
        head[0] = 4;
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(4), body.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(8), type);
        "Xen"u8.CopyTo(head.AsSpan(12));
        return [.. head, .. body];
    }

    private static byte[] Word(ulong value)
    {
        byte[] word = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(word, value);
        return word;
    }
}
