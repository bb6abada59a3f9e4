using System.Buffers;
using System.Buffers.Binary;

namespace PageStore.Checkpoint;

/// <summary>
/// Reads blocks by their entries and checks them before anything is handed out: place, sum, and for packed content that it
/// unpacks to exactly what was asked for. Thread-safe.
/// </summary>
internal sealed class BlockReader(IStorage storage, long segmentSize, long dataEnd, SegmentAppender[]? unwritten = null)
{
    private IStorage Storage => storage;

    /// <summary>Where the current root's data ends.</summary>
    public long DataEnd => dataEnd;

    /// <summary>Whether this reads the same file through the same handle; a file that was copied is not the same.</summary>
    public bool IsOfSameFile(BlockReader other) => ReferenceEquals(Storage, other.Storage);

    /// <summary>Reads a block whose sum is over its stored bytes: a node or a record.</summary>
    /// <param name="entry">Where it is.</param>
    /// <param name="buffer">At least <see cref="Entry.StoredBytes"/>.</param>
    /// <returns>The stored bytes, at the front of the buffer.</returns>
    /// <exception cref="CorruptDataException">The place is not in the file, or the sum does not match.</exception>
    public ReadOnlySpan<byte> ReadStored(Entry entry, Span<byte> buffer)
    {
        Span<byte> stored = buffer[..entry.StoredBytes];
        ReadRange(entry.Offset, stored);
        if (ContentSum.Of(stored) != entry.ContentSum)
        {
            throw Damage.At(entry.Offset, "the sum of an index block does not match");
        }

        return stored;
    }

    /// <summary>Reads the plain content of a leaf entry of kind absent to LZ4.</summary>
    /// <param name="entry">The entry, already checked by <see cref="EntryRules"/>.</param>
    /// <param name="plain">Receives the content; zeroed if this throws.</param>
    /// <exception cref="CorruptDataException">The place, the packing or the sum is wrong.</exception>
    /// <exception cref="UnsupportedException">The entry is of a kind that is specified and not built.</exception>
    public void ReadContent(Entry entry, Span<byte> plain)
    {
        switch (entry.Kind)
        {
            case EntryKind.Absent or EntryKind.Zero:
                plain.Clear();
                break;
            case EntryKind.Repeated:
                FillWith(entry.Sum, plain);
                break;
            case EntryKind.Raw:
                ReadRange(entry.Offset, plain);
                CheckSum(entry, plain);
                break;
            case EntryKind.Lz4:
                Unpack(entry, plain);
                CheckSum(entry, plain);
                break;
            default:
                throw new UnsupportedException($"The checkpoint file has an entry of kind {entry.Kind}, which this version of PageStore does not read. Use a newer PageStore.");
        }
    }

    /// <summary>Throws unless the sum of the plain content is the entry's; the content is then zeroed.</summary>
    public static void CheckSum(Entry entry, Span<byte> plain)
    {
        if (ContentSum.Of(plain) != entry.ContentSum)
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
    public string? WhatIsWrongWith(long offset, int length)
    {
        long inSegment = offset - Layout.SegmentsOffset;
        return inSegment < 0 || length > segmentSize - (inSegment & (segmentSize - 1)) || offset > dataEnd - length
            ? $"an entry names {length} bytes outside the data of the file"
            : null;
    }

    private static void FillWith(ulong word, Span<byte> plain)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, word);
        for (int at = 0; at < plain.Length; at += sizeof(ulong))
        {
            bytes[..Math.Min(sizeof(ulong), plain.Length - at)].CopyTo(plain[at..]);
        }
    }

    private void Unpack(Entry entry, Span<byte> plain)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(entry.StoredBytes);
        try
        {
            Span<byte> stored = buffer.AsSpan(0, entry.StoredBytes);
            ReadRange(entry.Offset, stored);
            int packed = BinaryPrimitives.ReadUInt16LittleEndian(stored);
            if (packed > stored.Length - sizeof(ushort) || !PageCodecs.Lz4.TryUnpack(stored.Slice(sizeof(ushort), packed), plain))
            {
                plain.Clear();
                throw Damage.At(entry.Offset, "an LZ4 block does not unpack to its content");
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
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
