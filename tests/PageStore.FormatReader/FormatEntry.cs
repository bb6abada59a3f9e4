namespace PageStore.FormatReader;

public enum FormatKind
{
    Absent, Zero, Repeated, Raw, Lz4, Patch, Shared, External, Node, Record, Segment, Dropped,
}

/// <summary>docs/format.md, "Entries".</summary>
public readonly record struct FormatEntry(ulong First, ulong Second)
{
    public const int Size = 16;

    public FormatKind Kind => (FormatKind)(First >> 60);

    public int PageType => (int)(First >> 56) & 15;

    public int StoredLength => ((int)(First >> 44 & 0xFFF) + 1) * 16;

    public long Location => (long)(First & ((1UL << 44) - 1)) * 16;

    /// <summary>Length and location, which the table demands to be zero for some kinds.</summary>
    public bool HasPlace => (First & ((1UL << 56) - 1)) != 0;

    public bool HasLength => (First >> 44 & 0xFFF) != 0;

    /// <summary>Whether the block holds a page as it is: "Shared pages".</summary>
    public bool IsRaw => Kind == FormatKind.Raw || (Kind == FormatKind.Shared && !HasLength);

    internal static FormatEntry Read(ReadOnlySpan<byte> source, int offset) => new(Bytes.U64(source, offset), Bytes.U64(source, offset + 8));
}
