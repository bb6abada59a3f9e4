using System.Buffers;
using System.Buffers.Binary;

namespace PageStore.Checkpoint;

/// <summary>
/// Reads blocks by their entries and checks them before anything is handed out: place, seal, sum, and for packed content that it
/// unpacks to exactly what was asked for. Thread-safe.
/// </summary>
internal sealed class BlockReader(IStorage storage, long segmentSize, long dataEnd, SegmentAppender[]? unwritten = null, BlockOpener? opener = null, IBlockSource? outside = null)
{
    private IStorage Storage => storage;

    /// <summary>Where the current root's data ends.</summary>
    public long DataEnd => dataEnd;

    /// <summary>Whether this reads the same file through the same handle; a file that was copied is not the same.</summary>
    public bool IsOfSameFile(BlockReader other) => ReferenceEquals(Storage, other.Storage);

    /// <summary>Opens the blocks of an encrypted file; null in a plain one, and for the plain blocks of an encrypted one.</summary>
    public BlockOpener? Opener => opener;

    /// <summary>
    /// Whether unequal sums in two entries mean unequal contents. Those of sealed blocks are bound to the blocks and say nothing of another one.
    /// </summary>
    public bool SumsCompare => opener is null;

    /// <summary>How much longer a stored block is than its plain content.</summary>
    public int Overhead => opener is null ? 0 : SealedBlock.Overhead;

    /// <summary>Reads a block whose sum is over its stored bytes: a node or a record.</summary>
    /// <param name="entry">Where it is.</param>
    /// <param name="buffer">At least <see cref="Entry.StoredBytes"/>.</param>
    /// <returns>The plain block, at the front of the buffer.</returns>
    /// <exception cref="CorruptDataException">The place is not in the file, the block does not open, or the sum does not match.</exception>
    public ReadOnlySpan<byte> ReadStored(Entry entry, Span<byte> buffer)
    {
        Span<byte> stored = buffer[..PlainBytes(entry.Offset, entry.StoredBytes)];
        ulong tagWord = ReadBlock(entry.Offset, entry.Kind, SealedBlock.NoPage, stored);
        if (!IsSum(entry, stored, tagWord))
        {
            throw Damage.At(entry.Offset, "the sum of an index block does not match");
        }

        return stored;
    }

    /// <summary>Reads the plain content of a leaf entry of kind absent to external.</summary>
    /// <param name="entry">The entry, already checked by <see cref="EntryRules"/>.</param>
    /// <param name="plain">Receives the content; zeroed if this throws.</param>
    /// <param name="pfn">The page, or <see cref="SealedBlock.NoPage"/>.</param>
    /// <exception cref="CorruptDataException">The place, the seal, the packing or the sum is wrong, or a store lacks the block.</exception>
    /// <exception cref="StorageException">The medium failed, or the block lies in a store that was not found.</exception>
    /// <exception cref="UnsupportedException">The entry is of a kind that is specified and not built.</exception>
    public void ReadContent(Entry entry, Span<byte> plain, long pfn = SealedBlock.NoPage)
    {
        switch (entry.Kind)
        {
            case EntryKind.Absent or EntryKind.Zero:
                plain.Clear();
                break;
            case EntryKind.Repeated:
                FillWith(entry.Sum, plain);
                break;
            case EntryKind.Patch:
                CheckSum(entry, plain, ReadPatched(entry, plain, pfn));
                break;
            case EntryKind.Raw or EntryKind.Lz4 or EntryKind.Shared:
                CheckSum(entry, plain, entry.Form == EntryKind.Raw ? ReadRaw(entry, plain, pfn) : Unpack(entry, plain, pfn));
                break;
            case EntryKind.External:
                ReadOutside(entry, plain, pfn);
                break;
            default:
                throw new UnsupportedException($"The checkpoint file has an entry of kind {entry.Kind}, which this version of PageStore does not read. Use a newer PageStore.");
        }
    }

    /// <summary>Reads the block of a whole page that is to be named by one page more.</summary>
    /// <param name="block">Its entry, but with the sum of the plain content.</param>
    /// <param name="plain">Receives the content.</param>
    /// <returns>The entry with the sum as entries have it.</returns>
    /// <exception cref="CorruptDataException">The place, the seal, the packing or the sum is wrong.</exception>
    public Entry ReadTwin(Entry block, Span<byte> plain)
    {
        ulong tagWord = block.Form == EntryKind.Raw ? ReadRaw(block, plain, SealedBlock.NoPage) : Unpack(block, plain, SealedBlock.NoPage);
        Entry entry = block with { Sum = block.Sum ^ tagWord };
        CheckSum(entry, plain, tagWord);
        return entry;
    }

    /// <summary>Reads against which page an entry of kind patch is; absent for every other kind.</summary>
    /// <param name="entry">The entry, already checked by <see cref="EntryRules"/>.</param>
    /// <param name="pfn">The page.</param>
    /// <exception cref="CorruptDataException">The place, the seal or the head of the patch is wrong.</exception>
    public Entry ReadBase(Entry entry, long pfn)
    {
        if (entry.Kind != EntryKind.Patch)
        {
            return Entry.Absent;
        }

        int length = PlainBytes(entry.Offset, entry.StoredBytes);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            // A sealed block opens as a whole or not at all.
            Span<byte> block = buffer.AsSpan(0, opener is null ? Math.Min(length, PatchBlock.HeadSize) : length);
            ReadBlock(entry.Offset, entry.Kind, pfn, block);
            return PatchBlock.ReadBase(block, entry.Offset);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Opens, unpacks and checks the content of an entry of kind raw to shared, whose stored block is at hand.</summary>
    /// <param name="entry">The entry, already checked by <see cref="EntryRules"/>.</param>
    /// <param name="stored">The stored block, as long as <see cref="Entry.BlockBytes"/> says.</param>
    /// <param name="plain">Receives the content, a multiple of <see cref="Layout.Unit"/>; zeroed if this throws.</param>
    /// <param name="pfn">The page.</param>
    /// <exception cref="CorruptDataException">The seal, the packing or the sum is wrong.</exception>
    public void DecodeContent(Entry entry, ReadOnlySpan<byte> stored, Span<byte> plain, long pfn)
    {
        if (opener is null)
        {
            Decode(entry, stored, plain, tagWord: 0, pfn);
            return;
        }

        int length = PlainBytes(entry.Offset, stored.Length);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            Span<byte> block = buffer.AsSpan(0, length);
            plain.Clear();
            opener.Open(stored, block, entry.Offset, entry.Kind, pfn);
            Decode(entry, block, plain, SealedBlock.TagWord(stored), pfn);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Throws unless the sum of the plain content is the entry's; the content is then zeroed.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="plain">The content.</param>
    /// <param name="tagWord">What <see cref="ReadBlock"/> returned.</param>
    public static void CheckSum(Entry entry, Span<byte> plain, ulong tagWord)
    {
        if (!IsSum(entry, plain, tagWord))
        {
            plain.Clear();
            throw Damage.At(entry.Offset, "the sum of the content does not match");
        }
    }

    /// <summary>Reads bytes that must lie in one segment below the data end, unchecked by any sum.</summary>
    public void ReadRange(long offset, Span<byte> destination)
    {
        ThrowIfOutside(offset, destination.Length);
        if (!TryReadUnwritten(offset, destination))
        {
            storage.Read(offset, destination);
        }
    }

    /// <summary>What is wrong with a place: it must lie in one segment and below the data end. Null where it does.</summary>
    public string? WhatIsWrongWith(long offset, int length) =>
        IsInside(offset, length) ? null : $"an entry names {length} bytes outside the data of the file";

    /// <summary>Whether a place lies in one segment and below the data end.</summary>
    public bool IsInside(long offset, int length)
    {
        long inSegment = offset - Layout.SegmentsOffset;
        return inSegment >= 0 && length <= segmentSize - (inSegment & (segmentSize - 1)) && offset <= dataEnd - length;
    }

    private static bool IsSum(Entry entry, ReadOnlySpan<byte> plain, ulong tagWord) => (ContentSum.Of(plain).Value ^ tagWord) == entry.Sum;

    private static void FillWith(ulong word, Span<byte> plain)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, word);
        for (int at = 0; at < plain.Length; at += sizeof(ulong))
        {
            bytes[..Math.Min(sizeof(ulong), plain.Length - at)].CopyTo(plain[at..]);
        }
    }

    private ulong ReadRaw(Entry entry, Span<byte> plain, long pfn)
    {
        int padded = Layout.RoundToUnit(plain.Length);
        if (opener is null || padded == plain.Length)
        {
            return ReadBlock(entry.Offset, entry.Kind, pfn, plain);
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(padded);
        try
        {
            plain.Clear();
            ulong tagWord = ReadBlock(entry.Offset, entry.Kind, pfn, buffer.AsSpan(0, padded));
            buffer.AsSpan(0, plain.Length).CopyTo(plain);
            return tagWord;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>How many bytes of a stored block are not its seal.</summary>
    /// <exception cref="CorruptDataException">It is no longer than a seal.</exception>
    public int PlainBytes(long offset, int storedBytes)
    {
        int plain = storedBytes - Overhead;
        return plain > 0 ? plain : throw Damage.At(offset, $"a sealed block of {storedBytes} bytes");
    }

    /// <summary>Reads a block, and opens it if it is sealed; unchecked by any sum.</summary>
    /// <param name="offset">Where it is.</param>
    /// <param name="kind">The kind of its entry.</param>
    /// <param name="pfn">The page, or <see cref="SealedBlock.NoPage"/>.</param>
    /// <param name="plain">Receives the plain block, of exactly its size.</param>
    /// <returns>What the sum in the entry is bound to by XOR: 0 for a plain block, see <see cref="SealedBlock.TagWord"/>.</returns>
    /// <exception cref="CorruptDataException">The place is not in the file, or the block does not open.</exception>
    public ulong ReadBlock(long offset, EntryKind kind, long pfn, Span<byte> plain)
    {
        if (opener is null)
        {
            ReadRange(offset, plain);
            return 0;
        }

        int length = plain.Length + SealedBlock.Overhead;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            Span<byte> block = buffer.AsSpan(0, length);
            ReadRange(offset, block);
            opener.Open(block, plain, offset, kind, pfn);
            return SealedBlock.TagWord(block);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>What an external entry calls its content.</summary>
    /// <exception cref="CorruptDataException">The place is not in the file.</exception>
    public BlockHash ReadHash(Entry entry, long pfn)
    {
        Span<byte> hash = stackalloc byte[BlockHash.Size];
        ReadBlock(entry.Offset, entry.Kind, pfn, hash);
        return BlockHash.Read(hash);
    }

    private void ReadOutside(Entry entry, Span<byte> plain, long pfn)
    {
        plain.Clear();
        if (outside is null)
        {
            throw Damage.At(entry.Offset, "an external entry, and the file has no store");
        }

        BlockHash hash = ReadHash(entry, pfn);
        if (!outside.TryRead(hash, plain))
        {
            plain.Clear();
            throw Damage.At(entry.Offset, $"block {hash} is not in the store {outside.Name}");
        }

        CheckSum(entry, plain, tagWord: 0);
    }

    private ulong Unpack(Entry entry, Span<byte> plain, long pfn)
    {
        int length = PlainBytes(entry.Offset, entry.StoredBytes);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            Span<byte> stored = buffer.AsSpan(0, length);
            ulong tagWord = ReadBlock(entry.Offset, entry.Kind, pfn, stored);
            Unpack(entry, stored, plain);
            return tagWord;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private ulong ReadPatched(Entry entry, Span<byte> plain, long pfn)
    {
        int length = PlainBytes(entry.Offset, entry.StoredBytes);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            Span<byte> stored = buffer.AsSpan(0, length);
            plain.Clear();
            ulong tagWord = ReadBlock(entry.Offset, entry.Kind, pfn, stored);
            Patch(entry, stored, plain, pfn);
            return tagWord;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Reads the base of a patch, which is whole, and applies the patch.</summary>
    private void Patch(Entry entry, ReadOnlySpan<byte> block, Span<byte> plain, long pfn)
    {
        ReadContent(PatchBlock.ReadBase(block, entry.Offset), plain, pfn);
        byte[] scratch = ArrayPool<byte>.Shared.Rent(plain.Length);
        try
        {
            if (!PatchBlock.TryApply(block, plain, scratch))
            {
                plain.Clear();
                throw Damage.At(entry.Offset, "a patch does not yield its page");
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(scratch);
        }
    }

    private static void Unpack(Entry entry, ReadOnlySpan<byte> block, Span<byte> plain)
    {
        int packed = BinaryPrimitives.ReadUInt16LittleEndian(block);
        if (packed > block.Length - sizeof(ushort) || !PageCodecs.Lz4.TryUnpack(block.Slice(sizeof(ushort), packed), plain))
        {
            plain.Clear();
            throw Damage.At(entry.Offset, "an LZ4 block does not unpack to its content");
        }
    }

    private void Decode(Entry entry, ReadOnlySpan<byte> block, Span<byte> plain, ulong tagWord, long pfn)
    {
        switch (entry.Form)
        {
            case EntryKind.Lz4:
                Unpack(entry, block, plain);
                break;
            case EntryKind.Patch:
                Patch(entry, block, plain, pfn);
                break;
            default:
                block[..plain.Length].CopyTo(plain);
                break;
        }

        CheckSum(entry, plain, tagWord);
    }

    private void ThrowIfOutside(long offset, int length)
    {
        if (WhatIsWrongWith(offset, length) is { } wrong)
        {
            throw Damage.At(offset, wrong);
        }
    }

    private bool TryReadUnwritten(long offset, Span<byte> destination)
    {
        if (unwritten is not null)
        {
            foreach (SegmentAppender appender in unwritten)
            {
                if (appender.TryReadUnwritten(offset, destination))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
