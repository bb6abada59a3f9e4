namespace PageStore.Checkpoint;

/// <summary>The class of a segment: what kind of block it holds.</summary>
internal enum SegmentClass
{
    Raw = 1,
    Packed = 2,
    Index = 3,
}

/// <summary>One segment's account, as the segment table keeps it in the place of an <see cref="Entry"/>.</summary>
internal readonly record struct SegmentEntry(SegmentClass Class, long UsedBytes, long LiveBytes, uint Generation)
{
    private const uint GenerationMask = (1U << 28) - 1;

    public Entry ToEntry() => new(
        ((ulong)EntryKind.Segment << 60) | ((ulong)Class << 56) | (Generation & GenerationMask),
        ((ulong)(LiveBytes / Layout.Unit) << 32) | (uint)(UsedBytes / Layout.Unit));

    /// <summary>Reads an account; null where the entry is not one of a plain file with segments of this size.</summary>
    public static SegmentEntry? FromEntry(Entry entry, long segmentSize)
    {
        var account = new SegmentEntry(
            (SegmentClass)((entry.Word >> 56) & 0xF),
            (long)(entry.Sum & uint.MaxValue) * Layout.Unit,
            (long)(entry.Sum >> 32) * Layout.Unit,
            (uint)entry.Word & GenerationMask);
        bool session = ((entry.Word >> 28) & GenerationMask) != 0;
        return entry.Kind != EntryKind.Segment || session || !Enum.IsDefined(account.Class)
            || account.UsedBytes > segmentSize || account.LiveBytes > account.UsedBytes
            ? null
            : account;
    }
}
