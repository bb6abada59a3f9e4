namespace PageStore.Checkpoint;

/// <summary>The fixed places and sizes of the file; docs/format.md, "The file".</summary>
internal static class Layout
{
    public const int HeaderSize = 512;
    public const long HeaderOffset = 0;
    public const long HeaderCopyOffset = 65536;

    /// <summary>One sector: the unit that a medium writes whole or not at all.</summary>
    public const int SlotSize = 512;

    public const int SlotCount = 2;
    public const int SlotCopies = 2;

    /// <summary>Where the segments begin; aligned to the largest page.</summary>
    public const long SegmentsOffset = 131072;

    public const int MinSegmentShift = 16;
    public const int MaxSegmentShift = 30;

    /// <summary>Of encrypted files: a sealed chunk of 64 KiB is longer than a segment of 64 KiB.</summary>
    public const int MinSealedSegmentShift = 17;

    /// <summary>The unit of locations and lengths.</summary>
    public const int Unit = 16;

    /// <summary>The chunk of a byte string.</summary>
    public const int ChunkSize = 65536;

    /// <summary>The most bytes one stored block can have, by the 12-bit length field.</summary>
    public const int MaxBlock = 4096 * Unit;

    /// <summary>44 bits of 16-byte units.</summary>
    public const long MaxFileBytes = (1L << 44) * Unit;

    /// <summary>Where copy <paramref name="copy"/> of slot <paramref name="slot"/> lies.</summary>
    public static long SlotOffset(int slot, int copy) => 4096 + (slot * 65536L) + (copy * (long)SlotSize);

    /// <summary>Rounds up to whole units.</summary>
    public static int RoundToUnit(int bytes) => (bytes + Unit - 1) & ~(Unit - 1);
}
