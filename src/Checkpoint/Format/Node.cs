using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace PageStore.Checkpoint;

/// <summary>The 64 entries of one node, decoded.</summary>
[InlineArray(TreeRoot.FanOut)]
internal struct NodeEntries
{
    private Entry _first;
}

/// <summary>One node in memory: its effective entries, and the base it is stored against.</summary>
internal struct Node
{
    /// <summary>What each slot holds, the patch applied.</summary>
    public NodeEntries Entries;

    /// <summary>What each slot holds in the base; meaningful only where <see cref="BaseEntry"/> is a node.</summary>
    public NodeEntries Base;

    /// <summary>Where the base is stored, or absent for a node that was never stored.</summary>
    public Entry BaseEntry;
}

/// <summary>The stored forms of a node: docs/format.md, "Trees".</summary>
internal static class NodeFormat
{
    public const int HeadSize = 32;

    /// <summary>A base with all 64 entries.</summary>
    public const int MaxSize = HeadSize + (TreeRoot.FanOut * Entry.Size);

    /// <summary>
    /// Past this many changed slots the base is written anew. Each epoch writes the patch again with all changes since the base, so
    /// a higher bound saves bases and repeats patches; 12 was the best of 4 to 32 on recorded traces (docs/design.md, "The page table").
    /// </summary>
    public const int MaxPatchEntries = 12;

    public const byte BaseForm = 1;
    public const byte PatchForm = 2;

    public static int BaseSize(ReadOnlySpan<Entry> entries) => HeadSize + (Entry.Size * BitOperations.PopCount(ExplicitMask(entries, out _)));

    public static int PatchSize(ulong mask) => HeadSize + (Entry.Size * BitOperations.PopCount(mask));

    public static void WriteBase(Span<byte> destination, int level, long number, ReadOnlySpan<Entry> entries)
    {
        ulong explicitMask = ExplicitMask(entries, out ulong zeroMask);
        WriteHead(destination, BaseForm, level, number);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], explicitMask);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[16..], zeroMask);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[24..], 0);
        WriteEntries(destination[HeadSize..], explicitMask, entries);
    }

    public static void WritePatch(Span<byte> destination, int level, long number, ulong mask, Entry baseEntry, ReadOnlySpan<Entry> entries)
    {
        WriteHead(destination, PatchForm, level, number);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], mask);
        baseEntry.Write(destination[16..]);
        WriteEntries(destination[HeadSize..], mask, entries);
    }

    /// <summary>Reads a base into <paramref name="entries"/>; returns what is wrong, or null.</summary>
    public static string? TryReadBase(ReadOnlySpan<byte> stored, int level, long number, Span<Entry> entries)
    {
        if (stored.Length < HeadSize || CheckHead(stored, BaseForm, level, number) is not null)
        {
            return stored.Length < HeadSize ? "a node is too short" : CheckHead(stored, BaseForm, level, number);
        }

        ulong explicitMask = BinaryPrimitives.ReadUInt64LittleEndian(stored[8..]);
        ulong zeroMask = BinaryPrimitives.ReadUInt64LittleEndian(stored[16..]);
        if ((explicitMask & zeroMask) != 0 || BinaryPrimitives.ReadUInt64LittleEndian(stored[24..]) != 0
            || stored.Length != HeadSize + (Entry.Size * BitOperations.PopCount(explicitMask)))
        {
            return "the masks of a node do not fit its size";
        }

        entries.Clear();
        for (ulong rest = zeroMask; rest != 0; rest &= rest - 1)
        {
            entries[BitOperations.TrailingZeroCount(rest)] = Entry.Zero;
        }

        ReadEntries(stored[HeadSize..], explicitMask, entries);
        return null;
    }

    /// <summary>Reads the mask and the base's place out of a patch; returns what is wrong, or null.</summary>
    public static string? TryReadPatchHead(ReadOnlySpan<byte> stored, int level, long number, out ulong mask, out Entry baseEntry)
    {
        mask = 0;
        baseEntry = default;
        if (CheckHead(stored, PatchForm, level, number) is { } wrong)
        {
            return wrong;
        }

        mask = BinaryPrimitives.ReadUInt64LittleEndian(stored[8..]);
        baseEntry = Entry.Read(stored[16..]);
        return mask == 0 || stored.Length != PatchSize(mask) || baseEntry.Kind != EntryKind.Node || baseEntry.Type != 0
            ? "the mask of a patch does not fit its size, or its base is no node"
            : null;
    }

    /// <summary>Writes the entries of a checked patch over those of its base.</summary>
    public static void ApplyPatch(ReadOnlySpan<byte> stored, ulong mask, Span<Entry> entries) => ReadEntries(stored[HeadSize..], mask, entries);

    private static ulong ExplicitMask(ReadOnlySpan<Entry> entries, out ulong zeroMask)
    {
        ulong explicitMask = 0;
        zeroMask = 0;
        for (int slot = 0; slot < TreeRoot.FanOut; slot++)
        {
            if (entries[slot] == Entry.Zero)
            {
                zeroMask |= 1UL << slot;
            }
            else if (!entries[slot].IsPlainAbsent)
            {
                explicitMask |= 1UL << slot;
            }
        }

        return explicitMask;
    }

    private static void WriteHead(Span<byte> destination, byte form, int level, long number) =>
        BinaryPrimitives.WriteUInt64LittleEndian(destination, form | ((ulong)level << 8) | ((ulong)number << 16));

    private static string? CheckHead(ReadOnlySpan<byte> stored, byte form, int level, long number)
    {
        ulong expected = form | ((ulong)level << 8) | ((ulong)number << 16);
        return BinaryPrimitives.ReadUInt64LittleEndian(stored) == expected ? null : "a node of another place or form";
    }

    private static void WriteEntries(Span<byte> destination, ulong mask, ReadOnlySpan<Entry> entries)
    {
        for (int at = 0; mask != 0; mask &= mask - 1, at += Entry.Size)
        {
            entries[BitOperations.TrailingZeroCount(mask)].Write(destination[at..]);
        }
    }

    private static void ReadEntries(ReadOnlySpan<byte> source, ulong mask, Span<Entry> entries)
    {
        for (int at = 0; mask != 0; mask &= mask - 1, at += Entry.Size)
        {
            entries[BitOperations.TrailingZeroCount(mask)] = Entry.Read(source[at..]);
        }
    }
}
