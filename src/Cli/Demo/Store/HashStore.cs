using System.Buffers.Binary;
using System.IO.Hashing;
using PageStore.Native;

namespace PageStore.Cli;

/// <summary>
/// A key-value store that lives wholly inside a memory region: a head page, then a hash table of fixed records with linear probing. Every
/// record carries its key, its version and a checksum, and the head counts all writes, so a copy of the memory proves by
/// itself whether it is whole and of one moment. For one thread.
/// </summary>
internal sealed class HashStore
{
    /// <summary>The size of a record: eight to a page, as small objects are in a guest.</summary>
    public const int RecordSize = 512;

    private const ulong Magic = 0x45_52_4F_54_53_47_41_50;
    private const int KeyOffset = 0;
    private const int VersionOffset = 8;
    private const int SumOffset = 16;
    private const int PayloadOffset = 24;

    private readonly MemoryRegion _region;
    private readonly long _slots;

    private HashStore(MemoryRegion region)
    {
        _region = region;

        // Five eighths of the memory are table, and four fifths of its slots are used: half of the memory holds records.
        _slots = (region.Length - region.PageSize) / RecordSize * 5 / 8;
    }

    /// <summary>How many records the store has once it is filled.</summary>
    public long Capacity => _slots * 4 / 5;

    /// <summary>How many records there are.</summary>
    public long Records
    {
        get => BinaryPrimitives.ReadInt64LittleEndian(Head[8..]);
        private set => BinaryPrimitives.WriteInt64LittleEndian(Head[8..], value);
    }

    /// <summary>How many writes there were, those that filled the store included.</summary>
    public long Writes
    {
        get => BinaryPrimitives.ReadInt64LittleEndian(Head[16..]);
        private set => BinaryPrimitives.WriteInt64LittleEndian(Head[16..], value);
    }

    private Span<byte> Head => _region.GetPage(new Pfn(0));

    /// <summary>Makes an empty store in zeroed memory, and fills it with the keys 1 to <see cref="Capacity"/>.</summary>
    public static HashStore Create(MemoryRegion region)
    {
        var store = new HashStore(region);
        BinaryPrimitives.WriteUInt64LittleEndian(store.Head, Magic);
        for (long key = 1; key <= store.Capacity; key++)
        {
            store.Put((ulong)key);
        }

        return store;
    }

    /// <summary>Finds the store in memory that was brought back.</summary>
    /// <exception cref="CorruptDataException">There is none.</exception>
    public static HashStore Open(MemoryRegion region)
    {
        var store = new HashStore(region);
        return BinaryPrimitives.ReadUInt64LittleEndian(store.Head) == Magic
            ? store
            : throw new CorruptDataException("The memory that was brought back holds no store.") { Pfn = new Pfn(0) };
    }

    /// <summary>Writes the next version of a record.</summary>
    public void Put(ulong key)
    {
        Span<byte> record = Find(key, out _);
        ulong version = BinaryPrimitives.ReadUInt64LittleEndian(record[VersionOffset..]) + 1;
        if (version == 1)
        {
            Records++;
        }

        BinaryPrimitives.WriteUInt64LittleEndian(record[KeyOffset..], key);
        BinaryPrimitives.WriteUInt64LittleEndian(record[VersionOffset..], version);
        FillPayload(record[PayloadOffset..], key, version);
        BinaryPrimitives.WriteUInt64LittleEndian(record[SumOffset..], SumOf(record));
        Writes++;
    }

    /// <summary>Reads a record and checks it.</summary>
    /// <exception cref="CorruptDataException">It is damaged or missing.</exception>
    public void Get(ulong key)
    {
        Span<byte> record = Find(key, out long slot);
        if (BinaryPrimitives.ReadUInt64LittleEndian(record) != key)
        {
            throw Damaged(slot, $"the record of key {key} is missing");
        }

        Check(record, slot);
    }

    /// <summary>Checks every record, and that the versions add up to the writes that the head counts.</summary>
    /// <returns>How many records were checked.</returns>
    /// <exception cref="CorruptDataException">Something is damaged, missing, or of another moment.</exception>
    public long CheckAll()
    {
        long records = 0;
        long writes = 0;
        for (long slot = 0; slot < _slots; slot++)
        {
            Span<byte> record = Record(slot);
            if (BinaryPrimitives.ReadUInt64LittleEndian(record) != 0)
            {
                writes += Check(record, slot);
                records++;
            }
        }

        return records == Records && writes == Writes
            ? records
            : throw Damaged(0, $"the store counts {Records} records and {Writes} writes; its records say {records} and {writes}");
    }

    /// <summary>Half of a payload is text and half is random, about as hard to compress as a guest's own pages.</summary>
    private static void FillPayload(Span<byte> payload, ulong key, ulong version)
    {
        int half = payload.Length / 2;
        ulong state = (key * 0x9E37_79B9_7F4A_7C15) ^ version;
        for (int at = 0; at + sizeof(ulong) <= half; at += sizeof(ulong))
        {
            // xorshift64 (Marsaglia 2003).
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            BinaryPrimitives.WriteUInt64LittleEndian(payload[at..], state);
        }

        ReadOnlySpan<byte> text = "a value that a store keeps for somebody; "u8;
        for (int at = half; at < payload.Length; at += text.Length)
        {
            text[..Math.Min(text.Length, payload.Length - at)].CopyTo(payload[at..]);
        }
    }

    private static ulong SumOf(ReadOnlySpan<byte> record) =>
        XxHash3.HashToUInt64(record[PayloadOffset..], (long)BinaryPrimitives.ReadUInt64LittleEndian(record) ^ (long)BinaryPrimitives.ReadUInt64LittleEndian(record[VersionOffset..]));

    private static long Check(ReadOnlySpan<byte> record, long slot) =>
        BinaryPrimitives.ReadUInt64LittleEndian(record[SumOffset..]) == SumOf(record)
            ? (long)BinaryPrimitives.ReadUInt64LittleEndian(record[VersionOffset..])
            : throw Damaged(slot, $"the record of key {BinaryPrimitives.ReadUInt64LittleEndian(record)} does not match its checksum");

    private static CorruptDataException Damaged(long slot, string what) =>
        new($"The store in memory is damaged at slot {slot}: {what}.") { Pfn = new Pfn(1 + (slot / (PageSizes.Default / RecordSize))) };

    private Span<byte> Record(long slot) => _region.GetSpan(_region.PageSize + (slot * RecordSize), RecordSize);

    private Span<byte> Find(ulong key, out long slot)
    {
        slot = (long)((key * 0xD6E8_FEB8_6659_FD93) % (ulong)_slots);
        while (true)
        {
            Span<byte> record = Record(slot);
            ulong found = BinaryPrimitives.ReadUInt64LittleEndian(record);
            if (found == key || found == 0)
            {
                return record;
            }

            slot = slot + 1 == _slots ? 0 : slot + 1;
        }
    }
}
