using System.Buffers.Binary;

namespace PageStore.Checkpoint;

/// <summary>Where the next block of each segment class goes; 0 while the class has no segment.</summary>
internal readonly record struct AppendPositions(long Raw, long Packed, long Index, long Meta);

/// <summary>One committed root: docs/format.md, "Root slot".</summary>
internal sealed record RootSlot
{
    private const int SumOffset = 496;
    private const ulong SyncedFlag = 1;
    private const ulong ClosedFlag = 2;
    private const int SequenceOffset = 8;
    private const int FlagsOffset = 168;
    private const int HostRunOffset = 208;
    private const int ReservedOffset = 224;

    public required long Sequence { get; init; }

    /// <summary>What a reader must know beside what the header says.</summary>
    public ulong RequiredFeatures { get; init; }

    public ulong OptionalFeatures { get; init; }

    public required long DataEnd { get; init; }

    public required EpochId NextEpoch { get; init; }

    /// <summary>The newest epoch; 0 while there is none.</summary>
    public required EpochId NewestEpoch { get; init; }

    public required long EpochCount { get; init; }

    public required DateTimeOffset Time { get; init; }

    public required TreeRoot Directory { get; init; }

    public required TreeRoot Segments { get; init; }

    /// <summary>The sessions of an encrypted file; empty in a plain one.</summary>
    public TreeRoot Sessions { get; init; }

    public required long SegmentCount { get; init; }

    public required Guid FileId { get; init; }

    public required AppendPositions Append { get; init; }

    /// <summary>
    /// The run of the host in which the root was written without a sync; empty for a synced one. In another run of the host what
    /// it reaches may be lost.
    /// </summary>
    public Guid HostRun { get; init; }

    /// <summary>Whether the writer was closed in order behind this root.</summary>
    public bool IsClosed { get; init; }

    /// <summary>Whether the root and all that it reaches were on the medium before a later root was written.</summary>
    public bool IsSynced => HostRun == Guid.Empty;

    private static ReadOnlySpan<byte> Magic => [0x50, 0x53, 0x52, 0x4F, 0x4F, 0x54, 0x0D, 0x0A];

    /// <summary>Writes the slot.</summary>
    /// <param name="destination">At least <see cref="Layout.SlotSize"/> bytes.</param>
    /// <param name="keys">The keys of an encrypted file, whose slots end in a MAC in the place of the sum.</param>
    public void Write(Span<byte> destination, FileKeys? keys)
    {
        destination[..Layout.SlotSize].Clear();
        Magic.CopyTo(destination);
        BinaryPrimitives.WriteInt64LittleEndian(destination[8..], Sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[16..], RequiredFeatures);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[24..], OptionalFeatures);
        BinaryPrimitives.WriteInt64LittleEndian(destination[32..], DataEnd);
        BinaryPrimitives.WriteInt64LittleEndian(destination[40..], NextEpoch.Value);
        BinaryPrimitives.WriteInt64LittleEndian(destination[48..], NewestEpoch.Value);
        BinaryPrimitives.WriteInt64LittleEndian(destination[56..], EpochCount);
        BinaryPrimitives.WriteInt64LittleEndian(destination[64..], UnixTime.ToMicroseconds(Time));
        Directory.Write(destination[72..]);
        Segments.Write(destination[96..]);
        Sessions.Write(destination[120..]);
        BinaryPrimitives.WriteInt64LittleEndian(destination[144..], SegmentCount);
        FileId.TryWriteBytes(destination[152..], bigEndian: true, out _);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[168..], (IsSynced ? SyncedFlag : 0) | (IsClosed ? ClosedFlag : 0));
        BinaryPrimitives.WriteInt64LittleEndian(destination[176..], Append.Raw);
        BinaryPrimitives.WriteInt64LittleEndian(destination[184..], Append.Packed);
        BinaryPrimitives.WriteInt64LittleEndian(destination[192..], Append.Index);
        BinaryPrimitives.WriteInt64LittleEndian(destination[200..], Append.Meta);
        HostRun.TryWriteBytes(destination[HostRunOffset..], bigEndian: true, out _);
        if (keys is null)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(destination[SumOffset..], ContentSum.Of(destination[..SumOffset]).Value);
        }
        else
        {
            keys.SlotMac(destination[..SumOffset], destination[SumOffset..Layout.SlotSize]);
        }
    }

    /// <summary>
    /// What the root hash is over: the slot without what changes when the same state is written again, that is sequence, flags, run of the
    /// host, and sum or MAC.
    /// </summary>
    public void WriteState(Span<byte> destination)
    {
        Write(destination, null);
        destination.Slice(SequenceOffset, sizeof(long)).Clear();
        destination.Slice(FlagsOffset, sizeof(long)).Clear();
        destination[HostRunOffset..ReservedOffset].Clear();
        destination[SumOffset..Layout.SlotSize].Clear();
    }

    /// <summary>Reads one copy; null where it is not a valid root of this file, so that another copy can be tried.</summary>
    /// <exception cref="UnsupportedException">The root is in order, but needs a feature that is not known.</exception>
    public static RootSlot? TryRead(ReadOnlySpan<byte> source, long offset, FileHeader header)
    {
        if (!source.StartsWith(Magic) || !IsIntact(source, header.Keys)
            || new Guid(source.Slice(152, 16), bigEndian: true) != header.FileId)
        {
            return null;
        }

        FormatFeatures.ThrowIfUnknown(BinaryPrimitives.ReadUInt64LittleEndian(source[16..]), header.RequiredFeatures | FormatFeatures.Patches | FormatFeatures.SharedBlocks);
        RootSlot slot = ReadFields(source, offset);
        return slot.IsInRange(source, header) ? slot : null;
    }

    private static bool IsIntact(ReadOnlySpan<byte> source, FileKeys? keys) => keys is null
        ? BinaryPrimitives.ReadUInt64LittleEndian(source[SumOffset..]) == ContentSum.Of(source[..SumOffset]).Value && BinaryPrimitives.ReadUInt64LittleEndian(source[504..]) == 0
        : keys.IsSlotMac(source[..SumOffset], source[SumOffset..Layout.SlotSize]);

    private static RootSlot ReadFields(ReadOnlySpan<byte> source, long offset) => new()
    {
        Sequence = BinaryPrimitives.ReadInt64LittleEndian(source[8..]),
        RequiredFeatures = BinaryPrimitives.ReadUInt64LittleEndian(source[16..]),
        OptionalFeatures = BinaryPrimitives.ReadUInt64LittleEndian(source[24..]),
        DataEnd = BinaryPrimitives.ReadInt64LittleEndian(source[32..]),
        NextEpoch = new EpochId(BinaryPrimitives.ReadInt64LittleEndian(source[40..])),
        NewestEpoch = new EpochId(BinaryPrimitives.ReadInt64LittleEndian(source[48..])),
        EpochCount = BinaryPrimitives.ReadInt64LittleEndian(source[56..]),
        Time = UnixTime.FromMicroseconds(BinaryPrimitives.ReadInt64LittleEndian(source[64..])),
        Directory = TreeRoot.Read(source[72..], offset + 72),
        Segments = TreeRoot.Read(source[96..], offset + 96),
        Sessions = TreeRoot.Read(source[120..], offset + 120),
        SegmentCount = BinaryPrimitives.ReadInt64LittleEndian(source[144..]),
        FileId = new Guid(source.Slice(152, 16), bigEndian: true),
        Append = new AppendPositions(
            BinaryPrimitives.ReadInt64LittleEndian(source[176..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[184..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[192..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[200..])),
        HostRun = new Guid(source.Slice(HostRunOffset, 16), bigEndian: true),
        IsClosed = (BinaryPrimitives.ReadUInt64LittleEndian(source[168..]) & ClosedFlag) != 0,
    };

    private bool IsInRange(ReadOnlySpan<byte> source, FileHeader header)
    {
        long end = Layout.SegmentsOffset + (SegmentCount * header.SegmentSize);
        bool positions = IsPosition(Append.Raw) && IsPosition(Append.Packed) && IsPosition(Append.Index) && IsPosition(Append.Meta);
        bool reserved = (header.Encryption is not null || Sessions == default) && !source[ReservedOffset..SumOffset].ContainsAnyExcept((byte)0);
        ulong flags = BinaryPrimitives.ReadUInt64LittleEndian(source[168..]);
        bool flagsFit = flags <= (SyncedFlag | ClosedFlag) && ((flags & SyncedFlag) != 0) == IsSynced && (!IsClosed || IsSynced);
        return Sequence >= 1 && NextEpoch.Value is >= 1 and <= 1L << (TreeRoot.FanOutShift * TreeRoot.MaxHeight) && NewestEpoch.Value >= 0 && NewestEpoch < NextEpoch
            && EpochCount >= 0 && EpochCount < NextEpoch.Value
            && SegmentCount >= 0 && SegmentCount <= Layout.MaxFileBytes >> header.SegmentShift
            && DataEnd >= Layout.SegmentsOffset && DataEnd <= end && positions && reserved && flagsFit;

        bool IsPosition(long position) => position == 0
            || (position > Layout.SegmentsOffset && position <= DataEnd && position % Layout.Unit == 0);
    }
}
