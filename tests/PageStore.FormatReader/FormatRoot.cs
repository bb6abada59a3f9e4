namespace PageStore.FormatReader;

/// <summary>docs/format.md, "Root slot".</summary>
public sealed record FormatRoot(ulong Sequence, long DataEnd, long NextEpoch, long NewestEpoch, long EpochCount, long TimeMicroseconds, long SegmentCount)
{
    public const int Size = 512;

    internal FormatTree Directory { get; private init; } = null!;

    internal FormatTree Segments { get; private init; } = null!;

    internal FormatTree Sessions { get; private init; } = null!;

    /// <summary>Where the next raw, packed, index and meta blocks go.</summary>
    public IReadOnlyList<long> Positions { get; private init; } = [];

    /// <summary>Required feature 1: some page may be a patch.</summary>
    public bool HasPatches { get; private init; }

    /// <summary>Required feature 2: some block may be named by several pages.</summary>
    public bool HasSharedBlocks { get; private init; }

    private static ReadOnlySpan<byte> Magic => "PSROOT\r\n"u8;

    /// <summary>"The valid slot copy": magic, sum or MAC, file UUID and reserved bytes are right.</summary>
    internal static bool IsValid(ReadOnlySpan<byte> copy, Guid fileId, FormatCipher? cipher) =>
        copy.StartsWith(Magic) && Bytes.Uuid(copy, 152) == fileId
        && (cipher?.IsSlot(copy) ?? (Bytes.U64(copy, 496) == Bytes.Sum(copy[..496]) && Bytes.AllZero(copy[504..512])))
        && Bytes.AllZero(copy[224..496]);

    internal static FormatRoot Read(FormatFile file, ReadOnlySpan<byte> copy)
    {
        BrokenFormatException.Unless((Bytes.U64(copy, 16) & ~6UL) == 0, "root: a required feature that this reader does not know");
        BrokenFormatException.Unless(file.Header.IsEncrypted || Bytes.AllZero(copy[120..144]), "root: a session table in a plain file");
        ulong flags = Bytes.U64(copy, 168);
        BrokenFormatException.Unless(flags is 0 or 1 or 3 && (flags == 0) != Bytes.AllZero(copy[208..224]), "root: flags");
        ulong features = Bytes.U64(copy, 16);
        var root = new FormatRoot(
            Bytes.U64(copy, 8),
            Bytes.Count(copy, 32, "data end"),
            Bytes.Count(copy, 40, "next epoch"),
            Bytes.Count(copy, 48, "newest epoch"),
            Bytes.Count(copy, 56, "number of epochs"),
            Bytes.I64(copy, 64),
            Bytes.Count(copy, 144, "number of segments"))
        {
            HasPatches = (features & 2) != 0,
            HasSharedBlocks = (features & 4) != 0,
            Directory = FormatTree.Read(file, copy.Slice(72, FormatTree.Size), FormatTreeKind.Directory),
            Segments = FormatTree.Read(file, copy.Slice(96, FormatTree.Size), FormatTreeKind.Segments),
            Sessions = FormatTree.Read(file, copy.Slice(120, FormatTree.Size), FormatTreeKind.Sessions),
            Positions = [Bytes.Count(copy, 176, "raw position"), Bytes.Count(copy, 184, "packed position"), Bytes.Count(copy, 192, "index position"), Bytes.Count(copy, 200, "meta position")],
        };
        BrokenFormatException.Unless(root.Sequence >= 1 && root.NewestEpoch < root.NextEpoch, "root: sequence or epoch ids");
        return root;
    }
}
