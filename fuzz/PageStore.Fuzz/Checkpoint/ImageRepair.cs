using System.Buffers.Binary;
using System.Numerics;
using PageStore.Checkpoint;

namespace PageStore.Fuzz;

/// <summary>
/// Walks all that a damaged image still reaches, from the leaves up, and makes the sums right again: so a changed byte is judged by
/// the rules behind the sums, and not by the sums. On its way it lists the places of all structures.
/// </summary>
/// <param name="image">Is changed.</param>
/// <param name="fields">Whether lengths, counts and heights that follow from other fields are made right as well.</param>
/// <param name="seals">Opens the blocks of an encrypted image, whose blocks then stay open; null for a plain one.</param>
internal sealed class ImageRepair(SparseImage image, bool fields, ImageSeals? seals = null)
{
    /// <summary>Steps of one walk: entries that name each other must not keep it going.</summary>
    private const int MaxSteps = 20_000;

    /// <summary>Of longer blocks the front is where the numbers are.</summary>
    private const int MaxContent = 512;

    private readonly HashSet<(long Offset, int Level)> _done = [];
    private int _steps;
    private int _pageSize;

    private int Overhead => seals is null ? 0 : SealedBlock.Overhead;

    /// <summary>Headers, slots, nodes, records, and what is packed or encoded: offset and length.</summary>
    public List<(long Offset, int Length)> Structures { get; } = [];

    public void Run()
    {
        _pageSize = Math.Clamp((int)Number(32, 4), PageSizes.Default, Layout.ChunkSize);
        Header(Layout.HeaderOffset);
        Header(Layout.HeaderCopyOffset);
        for (int slot = 0; slot < Layout.SlotCount; slot++)
        {
            for (int copy = 0; copy < Layout.SlotCopies; copy++)
            {
                Slot(Layout.SlotOffset(slot, copy));
            }
        }
    }

    private void Header(long offset)
    {
        Structures.Add((offset, Layout.HeaderSize));
        seals?.AuthenticateHeader(offset);
        SumBehind(offset, 504);
    }

    private void Slot(long offset)
    {
        if (Number(offset, 8) == 0)
        {
            return;
        }

        Structures.Add((offset, Layout.SlotSize));
        Tree(offset + 72, TreeKind.EpochDirectory, 0);
        Tree(offset + 96, TreeKind.SegmentTable, 0);
        if (fields && Number(offset + 32, 8) > image.Length)
        {
            image.Length = Number(offset + 32, 8);
        }

        if (seals is null)
        {
            SumBehind(offset, 496);
        }
        else
        {
            Tree(offset + 120, TreeKind.SessionTable, 0);
            seals.AuthenticateSlot(offset);
        }
    }

    private void Tree(long offset, TreeKind kind, long blobLength)
    {
        int height = (int)Number(offset + 16, 1);
        if (height <= TreeRoot.MaxHeight)
        {
            RepairEntry(offset, height, 0, kind, blobLength);
        }
    }

    private void Blob(long offset)
    {
        long length = Number(offset + TreeRoot.Size, 8);
        if (fields && length is > 0 and <= BlobRef.MaxLength)
        {
            Put(offset + 16, 1, TreeRoot.HeightFor(BlobRef.ChunkCount(length)));
        }

        Tree(offset, TreeKind.Blob, length);
    }

    private void RepairEntry(long at, int level, long number, TreeKind kind, long blobLength)
    {
        Span<byte> bytes = stackalloc byte[Entry.Size];
        image.Read(at, bytes);
        Entry entry = Entry.Read(bytes);
        if (++_steps > MaxSteps)
        {
            return;
        }

        switch (entry.Kind)
        {
            case EntryKind.Node when level > 0:
                entry = RepairNode(entry, level, number, kind, blobLength);
                break;
            case EntryKind.Record when level == 0 && kind == TreeKind.SessionTable:
                Structures.Add((entry.Offset, Math.Min(entry.StoredBytes, SessionRecord.Size)));
                entry = entry with { Sum = SumOf(entry.Offset, entry.StoredBytes) };
                break;
            case EntryKind.Record when level == 0:
                entry = RepairRecord(entry, number);
                break;
            case EntryKind.Raw or EntryKind.Lz4 when level == 0:
                entry = RepairContent(entry, number, kind, blobLength);
                break;
        }

        entry.Write(bytes);
        image.Write(at, bytes);
    }

    private Entry RepairNode(Entry entry, int level, long number, TreeKind kind, long blobLength)
    {
        (long offset, int length) = Open(entry, kind);
        Span<byte> head = stackalloc byte[NodeFormat.HeadSize];
        image.Read(offset, head);
        ulong mask = BinaryPrimitives.ReadUInt64LittleEndian(head[8..]);
        if (fields)
        {
            length = NodeFormat.PatchSize(mask);
            int stored = length + (kind == TreeKind.SessionTable ? 0 : Overhead);
            entry = entry with { Word = (entry.Word & ~(0xFFFUL << 44)) | ((ulong)((stored / Layout.Unit) - 1) << 44) };
            Put(offset + 1, 1, level);
            Put(offset + 2, 6, number);
            _ = kind == TreeKind.SessionTable ? offset : Open(entry, length, SealedBlock.NoPage);
        }

        if (_done.Add((entry.Offset, level)))
        {
            Structures.Add((offset, Math.Min(length, NodeFormat.MaxSize)));
            if (head[0] == NodeFormat.PatchForm)
            {
                RepairEntry(offset + 16, level, number, kind, blobLength);
            }

            long at = offset + NodeFormat.HeadSize;
            for (; mask != 0; mask &= mask - 1, at += Entry.Size)
            {
                RepairEntry(at, level - 1, (number << TreeRoot.FanOutShift) + BitOperations.TrailingZeroCount(mask), kind, blobLength);
            }
        }

        return entry with { Sum = kind == TreeKind.SessionTable ? SumOf(offset, length) : Bound(entry, SumOf(offset, length)) };
    }

    private Entry RepairRecord(Entry entry, long id)
    {
        (long offset, int length) = Open(entry, TreeKind.EpochDirectory);
        if (_done.Add((entry.Offset, 0)))
        {
            Structures.Add((offset, Math.Min(length, MaxContent)));
            RepairBelowRecord(offset, length, id);
        }

        return entry with { Sum = Bound(entry, SumOf(offset, length)) };
    }

    private void RepairBelowRecord(long offset, int length, long id)
    {
        if (fields)
        {
            RepairRecordFields(offset, id);
        }

        Tree(offset + 40, TreeKind.PageTable, 0);
        Blob(offset + 64);
        Blob(offset + 96);
        long item = offset + EpochRecord.FixedSize;
        for (int items = 0; items < 16 && item + 40 < offset + length && Number(item, 2) != 0; items++)
        {
            if (Number(item, 2) == 2)
            {
                Blob(item + 8);
            }
            else if (Number(item, 2) == 3)
            {
                Pack(item + 8);
            }

            item += 8 + ((Number(item + 4, 4) + 7) & ~7L);
        }
    }

    /// <summary>The copies of the first pages of a plan, which begins in one chunk, and then the plan.</summary>
    private void Pack(long offset)
    {
        long plan = offset + 16;
        Span<byte> bytes = stackalloc byte[Entry.Size];
        image.Read(plan, bytes);
        long length = Number(plan + TreeRoot.Size, 8);
        if (Entry.Read(bytes) is { Kind: EntryKind.Raw } chunk && length is > 0 and <= Layout.ChunkSize)
        {
            long start = Open(chunk, Layout.RoundToUnit((int)length), SealedBlock.NoPage);
            for (long at = start; at + PlanEntry.Size <= start + Math.Min(length, MaxContent); at += PlanEntry.Size)
            {
                RepairEntry(at + 8, 0, Number(at, 8), TreeKind.PageTable, 0);
            }
        }

        Blob(plan);
    }

    /// <summary>Makes the height follow from the page count, and the absent pages from both and the other counts.</summary>
    private void RepairRecordFields(long offset, long id)
    {
        Put(offset + 8, 8, id);
        long pages = Number(offset + 32, 8);
        if (pages is >= 0 and <= Pfn.MaxValue + 1)
        {
            Put(offset + 40 + 16, 1, TreeRoot.HeightFor(pages));
            Put(offset + 144, 8, pages - Number(offset + 152, 8) - Number(offset + 160, 8) - Number(offset + 168, 8));
        }
    }

    private Entry RepairContent(Entry entry, long number, TreeKind kind, long blobLength)
    {
        long rest = blobLength - (number * Layout.ChunkSize);
        int length = kind == TreeKind.Blob ? (int)Math.Clamp(rest, 0, Layout.ChunkSize) : _pageSize;
        long pfn = kind == TreeKind.PageTable ? number : SealedBlock.NoPage;
        if (entry.Kind == EntryKind.Raw)
        {
            long raw = Open(entry, Layout.RoundToUnit(length), pfn);
            AddContent(raw, length, kind);
            return entry with { Sum = Bound(entry, SumOf(raw, length)) };
        }

        byte[] stored = new byte[Math.Max(sizeof(ushort), entry.StoredBytes - Overhead)];
        long offset = Open(entry, stored.Length, pfn);
        AddContent(offset, stored.Length, kind);
        image.Read(offset, stored);
        int packed = Math.Min(BinaryPrimitives.ReadUInt16LittleEndian(stored), stored.Length - sizeof(ushort));
        byte[] plain = new byte[length];
        return PageCodecs.Lz4.TryUnpack(stored.AsSpan(sizeof(ushort), packed), plain) ? entry with { Sum = Bound(entry, ContentSum.Of(plain).Value) } : entry;
    }

    /// <summary>Sets and sections are of interest, and how pages are packed; what a raw page holds is nothing to the library.</summary>
    private void AddContent(long offset, int length, TreeKind kind)
    {
        if (kind == TreeKind.Blob || length < _pageSize)
        {
            Structures.Add((offset, Math.Min(length, MaxContent)));
        }
    }

    /// <summary>Opens a block whose entry gives its length; where its plain content is then, and how long.</summary>
    private (long Offset, int Length) Open(Entry entry, TreeKind kind)
    {
        int length = Math.Max(0, entry.StoredBytes - (kind == TreeKind.SessionTable ? 0 : Overhead));
        return kind == TreeKind.SessionTable ? (entry.Offset, length) : (Open(entry, length, SealedBlock.NoPage), length);
    }

    private long Open(Entry entry, int length, long pfn)
    {
        seals?.Open(entry.Offset, length, entry.Kind, pfn);
        return seals is null ? entry.Offset : entry.Offset + SealedBlock.HeadSize;
    }

    /// <summary>What stands in an entry for a sum: below seals it is bound to the tag, which follows from what the block holds now.</summary>
    private ulong Bound(Entry entry, ulong sum) => sum ^ (seals?.TagWordOf(entry.Offset) ?? 0);

    private void SumBehind(long offset, int length) => Put(offset + length, 8, (long)SumOf(offset, length));

    private ulong SumOf(long offset, int length)
    {
        byte[] bytes = new byte[length];
        image.Read(offset, bytes);
        return ContentSum.Of(bytes).Value;
    }

    private long Number(long offset, int size)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        bytes.Clear();
        image.Read(offset, bytes[..size]);
        return BinaryPrimitives.ReadInt64LittleEndian(bytes);
    }

    private void Put(long offset, int size, long value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        image.Write(offset, bytes[..size]);
    }
}
