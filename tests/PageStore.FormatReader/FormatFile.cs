namespace PageStore.FormatReader;

/// <summary>
/// A whole checkpoint file in memory, read by the letter of docs/format.md and as strictly as it allows. Slow and small; for tests.
/// </summary>
public sealed class FormatFile
{
    private const int SegmentsStart = 131072;
    private const int ChunkSize = 65536;

    private readonly byte[] _bytes;

    private readonly Func<byte[], int, byte[]?>? _blocks;

    private FormatFile(byte[] bytes, FormatKey? key, Func<byte[], int, byte[]?>? blocks)
    {
        _bytes = bytes;
        _blocks = blocks;
        BrokenFormatException.Unless(bytes.Length >= SegmentsStart, "the file ends before its first segment");
        ReadOnlySpan<byte> first = bytes.AsSpan(0, FormatHeader.Size);
        ReadOnlySpan<byte> header = FormatHeader.IsIntact(first) ? first : Intact(bytes.AsSpan(65536, FormatHeader.Size));
        Header = FormatHeader.Read(header);
        BrokenFormatException.Unless(Header.IsEncrypted == (key is not null), "a key for a plain file, or none for an encrypted one");
        Cipher = key is null ? null : FormatCipher.Open(header, key);
        int[] valid = [.. SlotCopies.Where(offset => FormatRoot.IsValid(bytes.AsSpan(offset, FormatRoot.Size), Header.FileId, Cipher))];
        BrokenFormatException.Unless(valid.Length > 0, "no valid root");
        int newest = valid.MaxBy(offset => Bytes.U64(bytes, offset + 8));
        ValidSlotCopies = valid.Length;
        Root = FormatRoot.Read(this, bytes.AsSpan(newest, FormatRoot.Size));
        BrokenFormatException.Unless(bytes.Length >= Root.DataEnd, "the file is truncated");
        CheckSegments();
        Epochs = [.. Root.Directory.Leaves().Where(leaf => leaf.Entry.Kind == FormatKind.Record).Select(leaf => new FormatEpoch(this, ReadSummed(leaf.Entry), leaf.Key))];
        BrokenFormatException.Unless(Epochs.Count == Root.EpochCount && Epochs.All(epoch => epoch.Id < Root.NextEpoch && epoch.Id > 0), "the directory is not what the root counts");
        BrokenFormatException.Unless(Root.NewestEpoch == (Epochs.Count == 0 ? 0 : Epochs[^1].Id), "newest epoch");
    }

    public FormatHeader Header { get; }

    /// <summary>Null for a plain file.</summary>
    internal FormatCipher? Cipher { get; }

    public FormatRoot Root { get; }

    public IReadOnlyList<FormatEpoch> Epochs { get; }

    /// <summary>How many of the four slot copies hold a valid root.</summary>
    public int ValidSlotCopies { get; }

    private static int[] SlotCopies => [4096, 4608, 69632, 70144];

    public static FormatFile Open(byte[] bytes, FormatKey? key = null) => new(bytes, key, null);

    /// <summary>Reads a file.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="key">Its key.</param>
    /// <param name="blocks">The blocks that lie outside it: by their SHA-256 and their length; null for one that is not there.</param>
    public static FormatFile Open(string path, FormatKey? key = null, Func<byte[], int, byte[]?>? blocks = null) => new(File.ReadAllBytes(path), key, blocks);

    /// <summary>A block whose sum is over its plain bytes.</summary>
    /// <param name="entry">Where it is.</param>
    /// <param name="neverSealed">Whether it belongs to the session table, which is plain in encrypted files, too.</param>
    internal ReadOnlySpan<byte> ReadSummed(FormatEntry entry, bool neverSealed = false)
    {
        ReadOnlySpan<byte> block = Block(entry.Location, entry.StoredLength, 3);
        ulong bound = neverSealed ? 0 : BoundTo(block);
        block = neverSealed ? block : Opened(block, entry, -1);
        BrokenFormatException.Unless((Bytes.Sum(block) ^ bound) == entry.Second, $"sum of the block at {entry.Location}");
        return block;
    }

    /// <summary>The plain content behind a leaf.</summary>
    internal byte[] ReadContent(FormatEntry entry, int length, long pfn = -1, bool isPack = false)
    {
        byte[] content = new byte[length];
        ulong bound = 0;
        switch (entry.Kind)
        {
            case FormatKind.Absent or FormatKind.Zero:
                return content;
            case FormatKind.Repeated:
                for (int i = 0; i < length; i++)
                {
                    content[i] = (byte)(entry.Second >> (8 * (i % 8)));
                }

                return content;
            case FormatKind.Shared:
                BrokenFormatException.Unless(!isPack, "pack: a shared page");
                return ReadWhole(entry, length, -1, isPack: false);
            case FormatKind.Patch:
                BrokenFormatException.Unless(!isPack, "pack: a patched page");
                ReadOnlySpan<byte> patch = Block(entry.Location, entry.StoredLength, 2);
                bound = BoundTo(patch);
                content = FormatPatch.Apply(Opened(patch, entry, pfn), basis => ReadContent(basis, length, pfn));
                break;
            case FormatKind.External:
                BrokenFormatException.Unless(Header.HasExternal && entry.StoredLength == 32 && Cipher is null && pfn >= 0, "an external entry where there should be none");
                byte[] hash = Block(entry.Location, 32, 2).ToArray();
                content = _blocks?.Invoke(hash, length) ?? throw new BrokenFormatException($"block {Convert.ToHexStringLower(hash)} is missing");
                BrokenFormatException.Unless(System.Security.Cryptography.SHA256.HashData(content).AsSpan().SequenceEqual(hash), "the SHA-256 of an external block");
                break;
            case FormatKind.Raw or FormatKind.Lz4:
                return ReadWhole(entry, length, pfn, isPack);
            default:
                throw new BrokenFormatException($"kind {entry.Kind} is specified and not built");
        }

        BrokenFormatException.Unless((Bytes.Sum(content) ^ bound) == entry.Second, $"sum of the content at {entry.Location}");
        return content;
    }

    /// <summary>A page that its block holds all of.</summary>
    private byte[] ReadWhole(FormatEntry entry, int length, long pfn, bool isPack)
    {
        byte[] content = new byte[length];
        ulong bound;
        if (entry.IsRaw)
        {
            int padded = (length + 15) / 16 * 16;
            int stored = Cipher is null ? length : padded + 32;
            ReadOnlySpan<byte> block = Block(entry.Location, stored, isPack ? 5 : Cipher is null || pfn < 0 ? null : 2);
            bound = BoundTo(block);
            Opened(block, entry, pfn)[..length].CopyTo(content);
        }
        else
        {
            bound = BoundTo(Block(entry.Location, entry.StoredLength));
            content = Unpack(entry, length, pfn, isPack ? 5 : 2);
        }

        BrokenFormatException.Unless((Bytes.Sum(content) ^ bound) == entry.Second, $"sum of the content at {entry.Location}");
        return content;
    }

    internal byte[] ReadBlob(ReadOnlySpan<byte> field)
    {
        long length = Bytes.Count(field, 24, "length of a byte string");
        if (length == 0)
        {
            BrokenFormatException.Unless(Bytes.AllZero(field), "an empty byte string is not all zero");
            return [];
        }

        FormatTree tree = FormatTree.Read(this, field[..24], FormatTreeKind.Blob);
        long chunks = (length + ChunkSize - 1) / ChunkSize;
        BrokenFormatException.Unless(tree.Height == FormatTree.SmallestHeight(chunks), "height of a byte string");
        BrokenFormatException.Unless(tree.Leaves().Select(leaf => leaf.Key).SequenceEqual(Sequence(chunks)), "the chunks of a byte string");
        byte[] content = new byte[length];
        foreach ((long key, FormatEntry entry) in tree.Leaves())
        {
            int size = (int)Math.Min(ChunkSize, length - (key * ChunkSize));
            ReadContent(entry, size).CopyTo(content, key * ChunkSize);
        }

        return content;
    }

    /// <summary>How many bytes the block of a page takes.</summary>
    internal int StoredBytes(FormatEntry entry) => !entry.IsRaw ? entry.StoredLength : Header.PageSize + (Cipher is null ? 0 : 32);

    /// <summary>Checks that an extent of a pack lies where it may.</summary>
    internal void CheckExtent(long offset, long length)
    {
        BrokenFormatException.Unless(length is > 0 and <= int.MaxValue, "pack: length of an extent");
        Block(offset, (int)length, 5);
    }

    private static IEnumerable<long> Sequence(long count)
    {
        for (long i = 0; i < count; i++)
        {
            yield return i;
        }
    }

    private static ReadOnlySpan<byte> Intact(ReadOnlySpan<byte> copy)
    {
        BrokenFormatException.Unless(FormatHeader.IsIntact(copy), "both headers are damaged");
        return copy;
    }

    /// <summary>What the sum in the entry of a sealed block is combined with: the first half of its tag.</summary>
    private ulong BoundTo(ReadOnlySpan<byte> block) => Cipher is null ? 0 : Bytes.U64(block, block.Length - 16);

    /// <summary>The plain block: of a plain file the block itself.</summary>
    private ReadOnlySpan<byte> Opened(ReadOnlySpan<byte> block, FormatEntry entry, long pfn)
    {
        if (Cipher is null)
        {
            return block;
        }

        FormatEntry leaf = Root.Sessions.Find(Bytes.U32(block, 0));
        BrokenFormatException.Unless(leaf.Kind == FormatKind.Record && leaf.StoredLength == 64, "sealed block: no such session");
        ReadOnlySpan<byte> record = ReadSummed(leaf, neverSealed: true);
        BrokenFormatException.Unless(Bytes.AllZero(record[40..]), "session record: reserved bytes");
        return Cipher.Open(block, record[..32], entry.Location, entry.Kind, pfn);
    }

    private byte[] Unpack(FormatEntry entry, int length, long pfn, int segmentClass)
    {
        ReadOnlySpan<byte> block = Opened(Block(entry.Location, entry.StoredLength, segmentClass), entry, pfn);
        int packed = Bytes.U16(block, 0);
        BrokenFormatException.Unless(2 + packed <= block.Length && block.Length - 2 - packed < 16 && Bytes.AllZero(block[(2 + packed)..]), "LZ4 block: size or padding");
        return Lz4Block.Unpack(block.Slice(2, packed), length);
    }

    /// <summary>Bytes inside one segment and below the data end, which are checked to lie in a segment of the class given.</summary>
    private ReadOnlySpan<byte> Block(long offset, int length, int? segmentClass = null)
    {
        long segment = (offset - SegmentsStart) / Header.SegmentSize;
        bool inside = offset >= SegmentsStart && offset + length <= Root.DataEnd
            && (offset + length - 1 - SegmentsStart) / Header.SegmentSize == segment;
        BrokenFormatException.Unless(inside, $"a block of {length} bytes at {offset} is not inside a segment");
        FormatEntry account = segmentClass is null or 3 ? default : Root.Segments.Find(segment);
        BrokenFormatException.Unless(account.Kind != FormatKind.Segment || account.PageType == segmentClass, $"a block at {offset} in a segment of another class");
        return _bytes.AsSpan((int)offset, length);
    }

    private void CheckSegments()
    {
        BrokenFormatException.Unless(Root.DataEnd <= SegmentsStart + (Root.SegmentCount * Header.SegmentSize), "data end behind the last segment");
        long segments = 0;
        foreach ((long number, FormatEntry entry) in Root.Segments.Leaves())
        {
            long live = (long)(entry.Second >> 32) * 16;
            long used = (long)(entry.Second & uint.MaxValue) * 16;
            BrokenFormatException.Unless(number == segments++ && entry.PageType <= 5, $"segment {number}: number or class");
            BrokenFormatException.Unless((entry.First & ((1UL << 56) - 1)) == 0, $"segment {number}: reserved bits");
            BrokenFormatException.Unless(entry.PageType == 0 || (live <= used && used <= Header.SegmentSize), $"segment {number}: used or live");
        }

        BrokenFormatException.Unless(segments == Root.SegmentCount, "the segment table has not an account for each segment");
    }
}
