namespace PageStore.Checkpoint;

/// <summary>The class of a segment: what kind of block it holds.</summary>
internal enum SegmentClass
{
    /// <summary>Nothing: it may be taken anew once nobody can reach what it held.</summary>
    Free = 0,
    Raw = 1,
    Packed = 2,
    Index = 3,

    /// <summary>The nodes of the directory, the segment table and the session table.</summary>
    Meta = 4,

    /// <summary>The blocks of one resume pack. Never filled further once they are committed.</summary>
    Pack = 5,
}

/// <summary>
/// One segment's account, as the segment table keeps it in the place of an <see cref="Entry"/>. Live bytes are exact for the classes raw,
/// packed, index and pack, and not counted for meta segments, whose use is known once they are full.
/// </summary>
/// <param name="Class">What it holds.</param>
/// <param name="UsedBytes">How far it is filled.</param>
/// <param name="LiveBytes">How much of that some epoch reaches.</param>
/// <param name="FreedAt">For a free segment the sequence of the first root that did not reach it any more.</param>
internal readonly record struct SegmentEntry(SegmentClass Class, long UsedBytes, long LiveBytes, long FreedAt = 0)
{
    /// <summary>The bits of the first number that are reserved.</summary>
    private const ulong Reserved = (1UL << 56) - 1;

    /// <summary>A segment that is not in the table any more, because the file ends before it.</summary>
    public static SegmentEntry Gone => new(SegmentClass.Free, 0, 0, -1);

    public static SegmentEntry FreeSince(long sequence) => new(SegmentClass.Free, 0, 0, sequence);

    public Entry ToEntry() => this == Gone ? Entry.Absent : new(
        ((ulong)EntryKind.Segment << 60) | ((ulong)Class << 56),
        Class == SegmentClass.Free ? (ulong)FreedAt : ((ulong)(LiveBytes / Layout.Unit) << 32) | (uint)(UsedBytes / Layout.Unit));

    /// <summary>Reads an account; null where the entry is not one of a file with segments of this size.</summary>
    public static SegmentEntry? FromEntry(Entry entry, long segmentSize)
    {
        var segmentClass = (SegmentClass)((entry.Word >> 56) & 0xF);
        if (entry.Kind != EntryKind.Segment || (entry.Word & Reserved) != 0 || !Enum.IsDefined(segmentClass))
        {
            return null;
        }

        if (segmentClass == SegmentClass.Free)
        {
            return entry.Sum <= long.MaxValue ? FreeSince((long)entry.Sum) : null;
        }

        var account = new SegmentEntry(segmentClass, (long)(entry.Sum & uint.MaxValue) * Layout.Unit, (long)(entry.Sum >> 32) * Layout.Unit);
        return account.UsedBytes > segmentSize || account.LiveBytes > account.UsedBytes ? null : account;
    }
}
