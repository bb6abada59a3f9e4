using System.Numerics;

namespace PageStore.FormatReader;

internal enum FormatTreeKind
{
    PageTable, Directory, Segments, Sessions, Blob,
}

/// <summary>docs/format.md, "Trees": finds the leaf of a key by walking down from the root each time.</summary>
internal sealed class FormatTree(FormatFile file, FormatTreeKind kind, FormatEntry root, int height)
{
    public const int Size = 24;

    private const int FanOut = 64;
    private const int HeadSize = 32;

    public int Height => height;

    public long Capacity => 1L << (6 * height);

    public bool IsEmpty => root == default;

    public static FormatTree Read(FormatFile file, ReadOnlySpan<byte> field, FormatTreeKind kind)
    {
        BrokenFormatException.Unless(Bytes.AllZero(field[17..]), "tree: reserved bytes");
        BrokenFormatException.Unless(field[16] <= 7, "tree: height");
        return new FormatTree(file, kind, FormatEntry.Read(field, 0), field[16]);
    }

    /// <summary>The smallest height that holds a number of keys.</summary>
    public static int SmallestHeight(long keys)
    {
        int height = 0;
        while (1L << (6 * height) < keys)
        {
            height++;
        }

        return height;
    }

    /// <summary>All leaves that are not absent with page type 0, by ascending key.</summary>
    public IEnumerable<(long Key, FormatEntry Entry)> Leaves() => LeavesOf(root, height, 0);

    public FormatEntry Find(long key)
    {
        if (key >= Capacity)
        {
            return default;
        }

        FormatEntry entry = root;
        for (int level = height; level >= 1; level--)
        {
            entry = ReadNode(entry, level, key >> (6 * level))[(int)(key >> (6 * (level - 1))) & 63];
        }

        CheckLeaf(entry);
        return entry;
    }

    /// <summary>Checks an entry that stands where a page table would have it.</summary>
    public static void CheckPage(FormatEntry entry)
    {
        BrokenFormatException.Unless(entry.Kind <= FormatKind.Lz4, $"kind {entry.Kind} as a page");
        CheckFields(entry);
    }

    private IEnumerable<(long, FormatEntry)> LeavesOf(FormatEntry entry, int level, long number)
    {
        if (level == 0)
        {
            CheckLeaf(entry);
            if (entry != default)
            {
                yield return (number, entry);
            }
        }
        else if (entry != default)
        {
            FormatEntry[] slots = ReadNode(entry, level, number);
            for (int slot = 0; slot < FanOut; slot++)
            {
                foreach ((long, FormatEntry) leaf in LeavesOf(slots[slot], level - 1, (number * FanOut) + slot))
                {
                    yield return leaf;
                }
            }
        }
    }

    private FormatEntry[] ReadNode(FormatEntry entry, int level, long number)
    {
        var slots = new FormatEntry[FanOut];
        switch (entry.Kind)
        {
            case FormatKind.Absent:
                BrokenFormatException.Unless(entry == default, "tree: an absent subtree with other bits");
                return slots;
            case FormatKind.Zero:
                BrokenFormatException.Unless(kind == FormatTreeKind.PageTable && !entry.HasPlace && entry.Second == 0 && entry.PageType == 0, "tree: a zero subtree");
                Array.Fill(slots, entry);
                return slots;
            default:
                BrokenFormatException.Unless(entry.Kind == FormatKind.Node && entry.PageType == 0, $"tree: kind {entry.Kind} above the leaves");
                return ReadStoredNode(entry, level, number, slots);
        }
    }

    private FormatEntry[] ReadStoredNode(FormatEntry entry, int level, long number, FormatEntry[] slots)
    {
        ReadOnlySpan<byte> node = file.ReadSummed(entry, kind == FormatTreeKind.Sessions);
        BrokenFormatException.Unless(node[0] is 1 or 2, "node: form");
        ulong mask = Bytes.U64(node, 8);
        if (node[0] == 2)
        {
            FormatEntry baseEntry = FormatEntry.Read(node, 16);
            BrokenFormatException.Unless(mask != 0 && baseEntry.Kind == FormatKind.Node && baseEntry.PageType == 0, "patch: mask or base");
            ReadOnlySpan<byte> baseNode = file.ReadSummed(baseEntry, kind == FormatTreeKind.Sessions);
            BrokenFormatException.Unless(baseNode[0] == 1, "patch: the base is not of form 1");
            ReadBase(baseNode, level, number, slots);
        }

        if (node[0] == 1)
        {
            ReadBase(node, level, number, slots);
        }
        else
        {
            CheckHead(node, level, number, mask);
            ReadEntries(node, mask, slots);
        }

        return slots;
    }

    private static void ReadBase(ReadOnlySpan<byte> node, int level, long number, FormatEntry[] slots)
    {
        ulong mask = Bytes.U64(node, 8);
        ulong zeros = Bytes.U64(node, 16);
        CheckHead(node, level, number, mask);
        BrokenFormatException.Unless((mask & zeros) == 0, "node: the masks are not disjoint");
        BrokenFormatException.Unless(Bytes.U64(node, 24) == 0, "node: reserved bytes");
        for (int slot = 0; slot < FanOut; slot++)
        {
            if ((zeros >> slot & 1) != 0)
            {
                slots[slot] = new FormatEntry((ulong)FormatKind.Zero << 60, 0);
            }
        }

        ReadEntries(node, mask, slots);
    }

    private static void CheckHead(ReadOnlySpan<byte> node, int level, long number, ulong mask)
    {
        BrokenFormatException.Unless(node[1] == level, "node: level");
        BrokenFormatException.Unless((long)(Bytes.U64(node, 0) >> 16) == number, "node: number");
        BrokenFormatException.Unless(node.Length == HeadSize + (FormatEntry.Size * BitOperations.PopCount(mask)), "node: size");
    }

    private static void ReadEntries(ReadOnlySpan<byte> node, ulong mask, FormatEntry[] slots)
    {
        int at = HeadSize;
        for (int slot = 0; slot < FanOut; slot++)
        {
            if ((mask >> slot & 1) != 0)
            {
                slots[slot] = FormatEntry.Read(node, at);
                at += FormatEntry.Size;
            }
        }
    }

    private void CheckLeaf(FormatEntry entry)
    {
        bool allowed = kind switch
        {
            FormatTreeKind.PageTable => entry.Kind is <= FormatKind.Lz4 or FormatKind.External || (entry.Kind == FormatKind.Patch && file.Root.HasPatches) || (entry.Kind == FormatKind.Shared && file.Root.HasSharedBlocks),
            FormatTreeKind.Sessions => entry.Kind is FormatKind.Absent or FormatKind.Record,
            FormatTreeKind.Directory => entry.Kind is FormatKind.Absent or FormatKind.Record or FormatKind.Dropped,
            FormatTreeKind.Segments => entry.Kind is FormatKind.Absent or FormatKind.Segment,
            _ => entry.Kind <= FormatKind.Lz4,
        };
        BrokenFormatException.Unless(allowed, $"tree: kind {entry.Kind} as a leaf of {kind}");
        if (entry.Kind != FormatKind.Segment)
        {
            BrokenFormatException.Unless(kind == FormatTreeKind.PageTable || entry.PageType == 0, "tree: a page type outside a page table");
            CheckFields(entry);
        }
    }

    private static void CheckFields(FormatEntry entry)
    {
        bool right = entry.Kind switch
        {
            FormatKind.Absent => !entry.HasPlace && entry.Second == 0 && entry.PageType is 0 or 0xD or 0xE,
            FormatKind.Zero => !entry.HasPlace && entry.Second == 0,
            FormatKind.Repeated => !entry.HasPlace && entry.Second != 0,
            FormatKind.Raw => !entry.HasLength,
            FormatKind.Dropped => !entry.HasPlace,
            _ => true,
        };
        BrokenFormatException.Unless(right, $"entry: stray bits in one of kind {entry.Kind}");
        BrokenFormatException.Unless(entry.Kind == FormatKind.Absent || entry.PageType is <= 4 or (>= 9 and <= 0xC), $"entry: page type {entry.PageType} with content");
    }
}
