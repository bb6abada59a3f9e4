using System.Buffers.Binary;

namespace PageStore.Checkpoint;

/// <summary>A named byte string of an epoch.</summary>
internal readonly record struct StateSection(string Name, BlobRef Content);

/// <summary>An optional item of a record that this version does not know.</summary>
/// <param name="Tag">Its tag; that of a pack where the pack is of another version.</param>
/// <param name="Bytes">All of it as it stands in the record: head, body and padding.</param>
internal readonly record struct UnknownItem(ushort Tag, ReadOnlyMemory<byte> Bytes);

/// <summary>Everything the file says of one epoch: docs/format.md, "Epoch record".</summary>
internal sealed record EpochRecord
{
    /// <summary>The block length field ends here.</summary>
    public const int MaxSize = Layout.MaxBlock;

    public const int MaxLabelBytes = 1024;
    public const int MaxNameBytes = 255;

    public const int FixedSize = 224;

    /// <summary>Where the tree of the page table stands in a record.</summary>
    public const int PageTableOffset = 40;

    public required EpochId Id { get; init; }

    /// <summary>The parent; 0 for none.</summary>
    public required EpochId Parent { get; init; }

    public required DateTimeOffset Time { get; init; }

    public required long PageCount { get; init; }

    public required TreeRoot PageTable { get; init; }

    public required BlobRef Written { get; init; }

    public required BlobRef Read { get; init; }

    public required long PagesWritten { get; init; }

    public required long PagesRead { get; init; }

    public required ClassCounts Counts { get; init; }

    public required long Bytes { get; init; }

    public required EpochConsistency Consistency { get; init; }

    public required Guid GuestId { get; init; }

    public required Guid BootInstance { get; init; }

    public string? Label { get; init; }

    public required IReadOnlyList<StateSection> Sections { get; init; }

    /// <summary>Its resume pack, if it has one.</summary>
    public PackRef? Pack { get; init; }

    /// <summary>What a later version said of it: whoever writes the record anew keeps that.</summary>
    public IReadOnlyList<UnknownItem> Unknown { get; init; } = [];

    /// <summary>Where the record was read, for messages; 0 for one that was not.</summary>
    public long Offset { get; init; }

    /// <summary>How many bytes it takes where it was read; 0 for one that was not.</summary>
    public int StoredBytes { get; init; }
}

/// <summary>Reads and writes epoch records.</summary>
internal static class EpochRecordFormat
{
    private const int ItemHeadSize = 8;
    private const ushort LabelTag = 1;
    private const ushort SectionTag = 2;
    private const ushort PackTag = 3;
    private const ushort RequiredFlag = 1;

    /// <summary>The last tag that docs/format.md gives.</summary>
    private const ushort LastTag = PackTag;

    /// <summary>The first bytes of a record.</summary>
    public static ReadOnlySpan<byte> Magic => "EPOC"u8;

    /// <summary>How many bytes an item with a body of this size takes.</summary>
    public static int ItemSize(int bodySize) => ItemHeadSize + ((bodySize + 7) & ~7);

    /// <summary>The record's bytes, padded to whole units; they fit, because the builder counted its items.</summary>
    public static byte[] Write(EpochRecord record)
    {
        var stream = new MemoryStream();
        stream.Write(FixedPart(record));
        if (record.Label is { Length: > 0 } label)
        {
            WriteItem(stream, LabelTag, 0, FormatText.GetBytes(label));
        }

        foreach (StateSection section in record.Sections)
        {
            WriteItem(stream, SectionTag, RequiredFlag, SectionBody(section));
        }

        if (record.Pack is { } pack)
        {
            WriteItem(stream, PackTag, 0, pack.ToBytes());
        }

        // Last: where a search takes the record by its form, what it knows comes first. A pack takes the place of one that is not known.
        foreach (UnknownItem item in record.Unknown.Where(item => record.Pack is null || item.Tag != PackTag))
        {
            stream.Write(item.Bytes.Span);
        }

        byte[] bytes = stream.ToArray();
        Array.Resize(ref bytes, Layout.RoundToUnit(bytes.Length));
        return bytes;
    }

    /// <summary>Reads a record whose sum is right.</summary>
    /// <param name="stored">The stored bytes.</param>
    /// <param name="offset">Where they were read.</param>
    /// <param name="id">The id that the directory gave it.</param>
    /// <exception cref="CorruptDataException">A field is out of range.</exception>
    /// <exception cref="UnsupportedException">A required item is not known.</exception>
    public static EpochRecord Read(ReadOnlySpan<byte> stored, long offset, EpochId id)
    {
        if (stored.Length < EpochRecord.FixedSize || !stored.StartsWith(Magic)
            || BinaryPrimitives.ReadInt32LittleEndian(stored[4..]) != EpochRecord.FixedSize
            || BinaryPrimitives.ReadInt64LittleEndian(stored[8..]) != id.Value)
        {
            throw Damage.At(offset, $"no record of epoch {id}");
        }

        var items = new Items();
        ReadItems(stored, offset, items);
        EpochRecord record = ReadFixedPart(stored, offset, id) with { Label = items.Label, Sections = items.Sections, Pack = items.Pack, Unknown = items.Unknown };
        ThrowIfInconsistent(record, stored);
        return record;
    }

    /// <summary>
    /// How many bytes the record at the front of <paramref name="bytes"/> takes, where the directory does not say it: the fixed part and
    /// the items that can be items. 0 where there is no record.
    /// </summary>
    /// <param name="bytes">From the magic on, as far as the record can reach.</param>
    public static int Measure(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < EpochRecord.FixedSize || !bytes.StartsWith(Magic) || BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]) != EpochRecord.FixedSize)
        {
            return 0;
        }

        int end = EpochRecord.FixedSize;
        while (end + ItemHeadSize <= bytes.Length && BinaryPrimitives.ReadUInt16LittleEndian(bytes[end..]) is > 0 and <= LastTag)
        {
            long next = end + ItemHeadSize + (((long)BinaryPrimitives.ReadUInt32LittleEndian(bytes[(end + 4)..]) + 7) & ~7L);
            if (next > bytes.Length)
            {
                break;
            }

            end = (int)next;
        }

        return Math.Min(Layout.RoundToUnit(end), bytes.Length);
    }

    /// <summary>
    /// Whether all padding and all reserved bits of a record are zero. Behind an item that is longer than the record there is nothing to look
    /// at: <see cref="Read"/> refuses such a record, and says why.
    /// </summary>
    public static bool IsPaddingClear(ReadOnlySpan<byte> stored)
    {
        int at = EpochRecord.FixedSize;
        while (at + ItemHeadSize <= stored.Length && BinaryPrimitives.ReadUInt16LittleEndian(stored[at..]) != 0)
        {
            long body = at + ItemHeadSize + (long)BinaryPrimitives.ReadUInt32LittleEndian(stored[(at + 4)..]);
            long end = (body + 7) & ~7L;
            if (end > stored.Length)
            {
                return true;
            }

            if ((BinaryPrimitives.ReadUInt16LittleEndian(stored[(at + 2)..]) & ~RequiredFlag) != 0 || stored[(int)body..(int)end].ContainsAnyExcept((byte)0))
            {
                return false;
            }

            at = (int)end;
        }

        return at >= stored.Length || !stored[at..].ContainsAnyExcept((byte)0);
    }

    private static byte[] FixedPart(EpochRecord record)
    {
        byte[] bytes = new byte[EpochRecord.FixedSize];
        Span<byte> part = bytes;
        Magic.CopyTo(part);
        BinaryPrimitives.WriteInt32LittleEndian(part[4..], EpochRecord.FixedSize);
        BinaryPrimitives.WriteInt64LittleEndian(part[8..], record.Id.Value);
        BinaryPrimitives.WriteInt64LittleEndian(part[16..], record.Parent.Value);
        BinaryPrimitives.WriteInt64LittleEndian(part[24..], UnixTime.ToMicroseconds(record.Time));
        BinaryPrimitives.WriteInt64LittleEndian(part[32..], record.PageCount);
        record.PageTable.Write(part[EpochRecord.PageTableOffset..]);
        record.Written.Write(part[64..]);
        record.Read.Write(part[96..]);
        BinaryPrimitives.WriteInt64LittleEndian(part[128..], record.PagesWritten);
        BinaryPrimitives.WriteInt64LittleEndian(part[136..], record.PagesRead);
        BinaryPrimitives.WriteInt64LittleEndian(part[144..], record.Counts.Absent);
        BinaryPrimitives.WriteInt64LittleEndian(part[152..], record.Counts.Zero);
        BinaryPrimitives.WriteInt64LittleEndian(part[160..], record.Counts.Repeated);
        BinaryPrimitives.WriteInt64LittleEndian(part[168..], record.Counts.Data);
        BinaryPrimitives.WriteInt64LittleEndian(part[176..], record.Bytes);
        part[184] = (byte)record.Consistency;
        record.GuestId.TryWriteBytes(part[192..], bigEndian: true, out _);
        record.BootInstance.TryWriteBytes(part[208..], bigEndian: true, out _);
        return bytes;
    }

    private static EpochRecord ReadFixedPart(ReadOnlySpan<byte> stored, long offset, EpochId id) => new()
    {
        Id = id,
        Parent = new EpochId(BinaryPrimitives.ReadInt64LittleEndian(stored[16..])),
        Time = UnixTime.FromMicroseconds(BinaryPrimitives.ReadInt64LittleEndian(stored[24..])),
        PageCount = BinaryPrimitives.ReadInt64LittleEndian(stored[32..]),
        PageTable = TreeRoot.Read(stored[EpochRecord.PageTableOffset..], offset + EpochRecord.PageTableOffset),
        Written = BlobRef.Read(stored[64..], offset + 64),
        Read = BlobRef.Read(stored[96..], offset + 96),
        PagesWritten = BinaryPrimitives.ReadInt64LittleEndian(stored[128..]),
        PagesRead = BinaryPrimitives.ReadInt64LittleEndian(stored[136..]),
        Counts = new ClassCounts(
            BinaryPrimitives.ReadInt64LittleEndian(stored[144..]),
            BinaryPrimitives.ReadInt64LittleEndian(stored[152..]),
            BinaryPrimitives.ReadInt64LittleEndian(stored[160..]),
            BinaryPrimitives.ReadInt64LittleEndian(stored[168..])),
        Bytes = BinaryPrimitives.ReadInt64LittleEndian(stored[176..]),
        Consistency = (EpochConsistency)stored[184],
        GuestId = new Guid(stored.Slice(192, 16), bigEndian: true),
        BootInstance = new Guid(stored.Slice(208, 16), bigEndian: true),
        Sections = [],
        Offset = offset,
    };

    private static void ThrowIfInconsistent(EpochRecord record, ReadOnlySpan<byte> stored)
    {
        ClassCounts counts = record.Counts;
        // Each by itself first: a sum that overflows can come to anything.
        bool countsFit = IsPart(counts.Absent) && IsPart(counts.Zero) && IsPart(counts.Repeated) && IsPart(counts.Data)
            && counts.Total == record.PageCount;
        bool setsFit = (record.Pack is null || IsPart(record.Pack.PageCount)) && IsPart(record.PagesWritten) && IsPart(record.PagesRead);
        bool inRange = record.PageCount is >= 0 and <= Pfn.MaxValue + 1 && record.Bytes >= 0 && Enum.IsDefined(record.Consistency)
            && record.Parent.Value >= 0 && record.Parent < record.Id && !stored[185..192].ContainsAnyExcept((byte)0);
        if (!countsFit || !setsFit || !inRange || record.PageTable.Height != TreeRoot.HeightFor(record.PageCount))
        {
            throw Damage.At(record.Offset, $"the numbers in the record of epoch {record.Id} contradict each other");
        }

        bool IsPart(long pages) => pages >= 0 && pages <= record.PageCount;
    }

    private static byte[] SectionBody(StateSection section)
    {
        byte[] name = FormatText.GetBytes(section.Name);
        byte[] body = new byte[BlobRef.Size + name.Length];
        section.Content.Write(body);
        name.CopyTo(body, BlobRef.Size);
        return body;
    }

    private static void WriteItem(MemoryStream stream, ushort tag, ushort flags, byte[] body)
    {
        Span<byte> head = stackalloc byte[ItemHeadSize];
        BinaryPrimitives.WriteUInt16LittleEndian(head, tag);
        BinaryPrimitives.WriteUInt16LittleEndian(head[2..], flags);
        BinaryPrimitives.WriteInt32LittleEndian(head[4..], body.Length);
        stream.Write(head);
        stream.Write(body);
        stream.Write(stackalloc byte[(ItemHeadSize - (body.Length % ItemHeadSize)) % ItemHeadSize]);
    }

    private static void ReadItems(ReadOnlySpan<byte> stored, long offset, Items items)
    {
        int at = EpochRecord.FixedSize;
        while (at + ItemHeadSize <= stored.Length && BinaryPrimitives.ReadUInt16LittleEndian(stored[at..]) is var tag and not 0)
        {
            bool required = (BinaryPrimitives.ReadUInt16LittleEndian(stored[(at + 2)..]) & RequiredFlag) != 0;
            uint size = BinaryPrimitives.ReadUInt32LittleEndian(stored[(at + 4)..]);
            long end = at + ItemHeadSize + (((long)size + 7) & ~7L);
            if (end > stored.Length)
            {
                throw Damage.At(offset + at, "an item of an epoch record is longer than the record");
            }

            if (!TryReadItem(tag, required, stored.Slice(at + ItemHeadSize, (int)size), offset + at, items))
            {
                items.Unknown.Add(new UnknownItem(tag, stored[at..(int)end].ToArray()));
            }

            at = (int)end;
        }
    }

    /// <summary>Whether the item is known.</summary>
    private static bool TryReadItem(ushort tag, bool required, ReadOnlySpan<byte> body, long offset, Items items)
    {
        switch (tag)
        {
            case LabelTag when items.Label is null && body.Length is > 0 and <= EpochRecord.MaxLabelBytes:
                items.Label = FormatText.Read(body, offset);
                return true;
            case PackTag when !items.HasPack:
                items.HasPack = true;
                items.Pack = PackRef.TryRead(body, offset + ItemHeadSize);
                return items.Pack is not null;
            case SectionTag when body.Length is > BlobRef.Size and <= BlobRef.Size + EpochRecord.MaxNameBytes && IsNewName(body, items.Sections, offset):
                items.Sections.Add(new StateSection(FormatText.Read(body[BlobRef.Size..], offset), BlobRef.Read(body, offset + ItemHeadSize)));
                return true;
            case LabelTag or SectionTag or PackTag:
                throw Damage.At(offset, "an item of an epoch record has a wrong size or stands twice");
            default:
                return required
                    ? throw new UnsupportedException($"The epoch record at offset {offset} has a required item {tag}, which this version of PageStore does not read. Use a newer PageStore.")
                    : false;
        }
    }

    private static bool IsNewName(ReadOnlySpan<byte> body, List<StateSection> sections, long offset)
    {
        string name = FormatText.Read(body[BlobRef.Size..], offset);
        return !sections.Exists(section => section.Name == name);
    }

    /// <summary>What the items of a record say.</summary>
    private sealed class Items
    {
        public string? Label { get; set; }

        public List<StateSection> Sections { get; } = [];

        public List<UnknownItem> Unknown { get; } = [];

        /// <summary>Whether there is a pack, be it of a version that is not known.</summary>
        public bool HasPack { get; set; }

        public PackRef? Pack { get; set; }
    }
}
