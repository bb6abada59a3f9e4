using System.Buffers.Binary;

namespace PageStore.Checkpoint;

/// <summary>What the notes of a dump say: the struct xen_dumpcore_elfnote_header_desc of Xen's docs/misc/dump-core-format.txt.</summary>
/// <param name="PageCount">How many pages there are, of which some may be padding.</param>
internal readonly record struct DumpCoreNotes(long PageCount)
{
    private const int HeadSize = 12;
    private const uint HeaderType = 0x2000001;
    private const uint FormatVersionType = 0x2000003;
    private const int HeaderSize = 32;

    /// <summary>Reads the notes.</summary>
    /// <exception cref="CorruptDataException">They are cut off, or lack the header.</exception>
    /// <exception cref="UnsupportedException">The format or the page size is another.</exception>
    public static DumpCoreNotes Read(ReadOnlySpan<byte> notes, StreamPlace place)
    {
        long? pages = null;
        while (!notes.IsEmpty)
        {
            ReadOnlySpan<byte> body = Next(ref notes, out uint type, place);
            if (type == HeaderType)
            {
                pages = PageCountOf(body, place);
            }
            else if (type == FormatVersionType)
            {
                CheckVersion(body, place);
            }
        }

        return new(pages ?? throw place.Corrupt("no note says how many pages there are"));
    }

    /// <summary>Takes one note: the sizes of its name and its body, its type, then both, each padded to 4 bytes.</summary>
    private static ReadOnlySpan<byte> Next(ref ReadOnlySpan<byte> notes, out uint type, StreamPlace place)
    {
        if (notes.Length < HeadSize)
        {
            throw place.Corrupt($"{notes.Length} bytes are left, too few for a note");
        }

        long name = Pad(BinaryPrimitives.ReadUInt32LittleEndian(notes));
        long size = BinaryPrimitives.ReadUInt32LittleEndian(notes[4..]);
        type = BinaryPrimitives.ReadUInt32LittleEndian(notes[8..]);
        long end = HeadSize + name + size;
        if (end > notes.Length)
        {
            throw place.Corrupt($"a note of the type 0x{type:x} takes {end} bytes, and {notes.Length} are left");
        }

        ReadOnlySpan<byte> body = notes[(int)(end - size)..(int)end];
        notes = notes[(int)Math.Min(HeadSize + name + Pad(size), notes.Length)..];
        return body;
    }

    private static long Pad(long size) => (size + 3) & ~3L;

    private static long PageCountOf(ReadOnlySpan<byte> header, StreamPlace place)
    {
        if (header.Length < HeaderSize)
        {
            throw place.Corrupt($"the note with the number of pages has {header.Length} bytes, not {HeaderSize}");
        }

        long pageSize = BinaryPrimitives.ReadInt64LittleEndian(header[24..]);
        return pageSize == PageSizes.Default
            ? BinaryPrimitives.ReadInt64LittleEndian(header[16..])
            : throw place.Unsupported($"pages have {pageSize} bytes, and only those of {PageSizes.Default} are read", "Dump the guest on an x86 host.");
    }

    /// <summary>The upper half changes where an older reader would go wrong.</summary>
    private static void CheckVersion(ReadOnlySpan<byte> body, StreamPlace place)
    {
        if (body.Length < sizeof(ulong) || BinaryPrimitives.ReadUInt64LittleEndian(body) >> 32 != 0)
        {
            throw place.Unsupported("its format is not version 0", LibxcRecords.NewerXen);
        }
    }
}
