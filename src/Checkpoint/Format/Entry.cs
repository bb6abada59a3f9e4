using System.Buffers.Binary;

namespace PageStore.Checkpoint;

/// <summary>The kinds of entries; docs/format.md, "Entries".</summary>
internal enum EntryKind : byte
{
    Absent = 0,
    Zero = 1,
    Repeated = 2,
    Raw = 3,
    Lz4 = 4,
    Patch = 5,
    Shared = 6,
    External = 7,
    Node = 8,
    Record = 9,
    Segment = 10,

    /// <summary>A dropped epoch that still links others: only its parent is known.</summary>
    Dropped = 11,
}

/// <summary>
/// Sixteen bytes that say what a key holds or where a node is. Not validated by itself: <see cref="EntryRules"/> does that by context.
/// </summary>
internal readonly record struct Entry(ulong Word, ulong Sum)
{
    public const int Size = 16;

    private const ulong LocationMask = (1UL << 44) - 1;

    public static Entry Absent => default;

    public static Entry Zero => new((ulong)EntryKind.Zero << 60, 0);

    public EntryKind Kind => (EntryKind)(Word >> 60);

    public GuestPageType Type => (GuestPageType)((Word >> 56) & 0xF);

    public int LengthField => (int)((Word >> 44) & 0xFFF);

    /// <summary>The stored bytes of the kinds that have a length.</summary>
    public int StoredBytes => (LengthField + 1) * Layout.Unit;

    public long Offset => (long)(Word & LocationMask) * Layout.Unit;

    public ContentSum ContentSum => new(Sum);

    /// <summary>Whether there is a stored block behind the entry.</summary>
    public bool HasBlock => Kind is >= EntryKind.Raw and <= EntryKind.Record;

    /// <summary>Whether the block holds all of the content, so that a patch may have it as its base.</summary>
    public bool IsWhole => Kind is EntryKind.Raw or EntryKind.Lz4 or EntryKind.Shared;

    /// <summary>How the block holds it: a shared one is raw or LZ4, which its length tells.</summary>
    public EntryKind Form => Kind != EntryKind.Shared ? Kind : LengthField == 0 ? EntryKind.Raw : EntryKind.Lz4;

    public bool IsPlainAbsent => Word == 0 && Sum == 0;

    public static Entry AbsentOf(GuestPageType type) => new(TypeBits(type), 0);

    public static Entry ZeroOf(GuestPageType type) => new(KindBits(EntryKind.Zero) | TypeBits(type), 0);

    public static Entry RepeatedOf(ulong word, GuestPageType type) => new(KindBits(EntryKind.Repeated) | TypeBits(type), word);

    public static Entry RawOf(long offset, ContentSum sum, GuestPageType type) =>
        new(KindBits(EntryKind.Raw) | TypeBits(type) | LocationBits(offset), sum.Value);

    public static Entry BlockOf(EntryKind kind, long offset, int storedBytes, ContentSum sum, GuestPageType type = GuestPageType.Normal) =>
        new(KindBits(kind) | TypeBits(type) | ((ulong)((storedBytes / Layout.Unit) - 1) << 44) | LocationBits(offset), sum.Value);

    /// <summary>An epoch that is no more; the id of its parent stands in the place of the sum.</summary>
    public static Entry DroppedOf(EpochId parent) => new(KindBits(EntryKind.Dropped), (ulong)parent.Value);

    /// <summary>How many bytes the block behind the entry takes.</summary>
    /// <param name="plainBytes">The length of the plain content, which decides for raw ones.</param>
    /// <param name="overhead">What sealing adds: <see cref="SealedBlock.Overhead"/>, 0 in a plain file.</param>
    public int BlockBytes(int plainBytes, int overhead) => Form == EntryKind.Raw ? Layout.RoundToUnit(plainBytes) + overhead : StoredBytes;

    /// <summary>The block of a whole page, named as one of several entries do.</summary>
    public Entry AsShared() => this with { Word = (Word & ~(0xFUL << 60)) | KindBits(EntryKind.Shared) };

    /// <summary>The same content under another page type.</summary>
    public Entry WithType(GuestPageType type) => this with { Word = (Word & ~(0xFUL << 56)) | TypeBits(type) };

    public static Entry Read(ReadOnlySpan<byte> source) =>
        new(BinaryPrimitives.ReadUInt64LittleEndian(source), BinaryPrimitives.ReadUInt64LittleEndian(source[8..]));

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, Word);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], Sum);
    }

    private static ulong KindBits(EntryKind kind) => (ulong)kind << 60;

    private static ulong TypeBits(GuestPageType type) => (ulong)type << 56;

    private static ulong LocationBits(long offset) => (ulong)offset / Layout.Unit;
}
