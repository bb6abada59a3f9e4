using System.Buffers.Binary;
using System.Text;

namespace PageStore.Checkpoint;

/// <summary>Where the parts of a dump lie: the headers of ELF (the System V ABI, elf.h), and the sections by the names that Xen gives them.</summary>
internal sealed class DumpCoreLayout
{
    /// <summary>Xen's writer makes seven, and on other architectures a few more.</summary>
    private const int MaxSections = 64;

    /// <summary>What a table of names may take: Xen's writer keeps its length in 16 bits.</summary>
    private const int MaxNames = ushort.MaxValue;

    private readonly List<Part> _parts = [];

    private DumpCoreLayout()
    {
    }

    /// <summary>Reads the headers.</summary>
    /// <exception cref="CorruptDataException">They name what is not in the file.</exception>
    /// <exception cref="UnsupportedException">It is an ELF core of another kind.</exception>
    public static async ValueTask<DumpCoreLayout> ReadAsync(DumpCoreInput input, CancellationToken cancellationToken)
    {
        var place = StreamPlace.Header("the ELF header", 0);
        byte[] header = new byte[DumpHeaders.ElfSize];
        await input.FillAsync(0, header, place, cancellationToken).ConfigureAwait(false);
        long offset = BinaryPrimitives.ReadInt64LittleEndian(header.AsSpan(40));
        int size = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(58));
        int count = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(60));
        int names = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(62));
        if (count == 0)
        {
            throw NotXens("table of sections");
        }

        if (size != DumpHeaders.SectionSize || count > MaxSections || names >= count)
        {
            throw place.Corrupt($"it names {count} section headers of {size} bytes, the names in section {names}; there are at most {MaxSections}, of {DumpHeaders.SectionSize} bytes");
        }

        byte[] headers = new byte[count * size];
        await input.FillAsync(offset, headers, StreamPlace.Header("the table of sections", offset), cancellationToken).ConfigureAwait(false);
        byte[] text = await ReadNamesAsync(input, headers.AsMemory(names * size, size), cancellationToken).ConfigureAwait(false);
        var layout = new DumpCoreLayout();
        layout.AddParts(headers, text);
        return layout;
    }

    /// <summary>A section by its name; null where there is none.</summary>
    /// <exception cref="CorruptDataException">There are several.</exception>
    public Part? Find(string name)
    {
        List<Part> found = _parts.FindAll(part => part.Name == name);
        return found.Count <= 1 ? found.FirstOrDefault() : throw found[1].Place.Corrupt("a second section of this name");
    }

    /// <summary>A section that each dump has.</summary>
    /// <exception cref="UnsupportedException">There is none: another program wrote this core.</exception>
    public Part Get(string name) => Find(name) ?? throw NotXens($"section {name}");

    private static UnsupportedException NotXens(string missing) =>
        new($"This ELF core has no {missing}, so it is none of xl dump-core. Save the guest with xl save, or extract its memory as a raw image.");

    private static async ValueTask<byte[]> ReadNamesAsync(DumpCoreInput input, ReadOnlyMemory<byte> header, CancellationToken cancellationToken)
    {
        Part part = PartOf(header.Span, ".shstrtab");
        if (part.Size is < 0 or > MaxNames)
        {
            throw part.Place.Corrupt($"the names of the sections take {(ulong)part.Size} bytes, and Xen's at most {MaxNames}");
        }

        byte[] names = new byte[part.Size];
        await input.FillAsync(part.Offset, names, part.Place, cancellationToken).ConfigureAwait(false);
        return names;
    }

    private void AddParts(ReadOnlySpan<byte> headers, ReadOnlySpan<byte> names)
    {
        for (; !headers.IsEmpty; headers = headers[DumpHeaders.SectionSize..])
        {
            uint at = BinaryPrimitives.ReadUInt32LittleEndian(headers);
            ReadOnlySpan<byte> name = at < names.Length ? names[(int)at..] : [];
            int end = name.IndexOf((byte)0);
            _parts.Add(PartOf(headers, Encoding.ASCII.GetString(name[..Math.Max(end, 0)])));
        }
    }

    private static Part PartOf(ReadOnlySpan<byte> header, string name) =>
        new(name, BinaryPrimitives.ReadInt64LittleEndian(header[24..]), BinaryPrimitives.ReadInt64LittleEndian(header[32..]));

    /// <summary>A section: its name, and where it lies in the file. Not checked against the file's length.</summary>
    internal sealed record Part(string Name, long Offset, long Size)
    {
        public StreamPlace Place => StreamPlace.Header($"the section {Name}", Offset);
    }
}
