using System.Buffers.Binary;

namespace PageStore.Checkpoint;

/// <summary>A part of one segment.</summary>
internal readonly record struct Extent(long Offset, long Length)
{
    /// <summary>Whether all of a block lies in it.</summary>
    public bool Holds(long offset, int bytes) => offset >= Offset && offset + bytes <= Offset + Length;
}

/// <summary>Where the resume pack of an epoch is: docs/format.md, "Resume packs".</summary>
/// <param name="PageCount">How many pages the plan has.</param>
/// <param name="Plan">The plan: a <see cref="PlanEntry"/> for each page.</param>
/// <param name="Extents">Where the blocks lie, in the order in which they are read.</param>
internal sealed record PackRef(long PageCount, BlobRef Plan, IReadOnlyList<Extent> Extents)
{
    /// <summary>The version of packs that this library reads and writes.</summary>
    public const int Version = 1;

    /// <summary>What each epoch leaves of its record for a pack that comes later: 64 extents, 256 MiB of default segments at least.</summary>
    public const int ReservedBytes = FixedSize + (64 * ExtentSize);

    private const int FixedSize = 56;
    private const int ExtentSize = 16;

    /// <summary>How many bytes the blocks take.</summary>
    public long Bytes => Extents.Sum(extent => extent.Length);

    /// <summary>How many bytes the item of a record takes.</summary>
    public int Size => SizeOf(Extents.Count);

    /// <summary>How many bytes the item takes with so many extents.</summary>
    public static int SizeOf(int extents) => FixedSize + (extents * ExtentSize);

    /// <summary>Reads the body of an item; null where it is of a version that is not known, which is as good as no pack.</summary>
    /// <exception cref="CorruptDataException">It is none.</exception>
    public static PackRef? TryRead(ReadOnlySpan<byte> body, long offset)
    {
        if (body.Length < sizeof(int) || BinaryPrimitives.ReadInt32LittleEndian(body) != Version)
        {
            return null;
        }

        int count = (body.Length - FixedSize) / ExtentSize;
        if (body.Length < FixedSize || BinaryPrimitives.ReadUInt32LittleEndian(body[48..]) != count || body.Length != SizeOf(count)
            || body[4..8].ContainsAnyExcept((byte)0) || body[52..56].ContainsAnyExcept((byte)0))
        {
            throw Damage.At(offset, "a resume pack has a wrong size or stray bits");
        }

        var extents = new Extent[count];
        for (int i = 0; i < count; i++)
        {
            extents[i] = ReadExtent(body[SizeOf(i)..], offset);
        }

        var pack = new PackRef(BinaryPrimitives.ReadInt64LittleEndian(body[8..]), BlobRef.Read(body[16..], offset + 16), extents);
        return pack.PageCount is > 0 and <= Pfn.MaxValue + 1 && pack.Plan.Length == pack.PageCount * PlanEntry.Size
            ? pack
            : throw Damage.At(offset, "the plan of a resume pack is not as long as its number of pages");
    }

    public byte[] ToBytes()
    {
        byte[] body = new byte[Size];
        BinaryPrimitives.WriteInt32LittleEndian(body, Version);
        BinaryPrimitives.WriteInt64LittleEndian(body.AsSpan(8), PageCount);
        Plan.Write(body.AsSpan(16));
        BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(48), Extents.Count);
        for (int i = 0; i < Extents.Count; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(body.AsSpan(SizeOf(i)), Extents[i].Offset);
            BinaryPrimitives.WriteInt64LittleEndian(body.AsSpan(SizeOf(i) + 8), Extents[i].Length);
        }

        return body;
    }

    private static Extent ReadExtent(ReadOnlySpan<byte> source, long offset)
    {
        var extent = new Extent(BinaryPrimitives.ReadInt64LittleEndian(source), BinaryPrimitives.ReadInt64LittleEndian(source[8..]));
        bool fits = extent.Offset is >= Layout.SegmentsOffset and < Layout.MaxFileBytes && extent.Length is > 0 and <= 1L << Layout.MaxSegmentShift;
        return fits && extent.Offset % Layout.Unit == 0 && extent.Length % Layout.Unit == 0
            ? extent
            : throw Damage.At(offset, "an extent of a resume pack is in no segment");
    }
}

/// <summary>One page of a plan: what the page table says of it, but for the place of its block, which is the pack's.</summary>
internal readonly record struct PlanEntry(Pfn Page, Entry Entry)
{
    public const int Size = 8 + Entry.Size;

    public static PlanEntry Read(ReadOnlySpan<byte> source) => new(new Pfn(BinaryPrimitives.ReadInt64LittleEndian(source)), Entry.Read(source[8..]));

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteInt64LittleEndian(destination, Page.Value);
        Entry.Write(destination[8..]);
    }
}
