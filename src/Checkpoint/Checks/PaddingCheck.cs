using System.Buffers.Binary;

namespace PageStore.Checkpoint;

/// <summary>Looks at the bytes of blocks that no sum covers and no reader reads: docs/format.md says that they are zero.</summary>
internal sealed class PaddingCheck(FileRoot root)
{
    private readonly byte[] _stored = new byte[Layout.MaxBlock];

    /// <summary>What is wrong with the padding of a block; null where nothing is.</summary>
    /// <exception cref="CorruptDataException">The block cannot be read.</exception>
    public string? WhatIsWrong(ReachableBlock block)
    {
        BlockReader blocks = root.Nodes.Blocks;
        bool padded = block.Entry.Form is EntryKind.Lz4 or EntryKind.Patch or EntryKind.Record
            || (block.Entry.Form == EntryKind.Raw && block.UnpaddedBytes != block.StoredBytes - blocks.Overhead);
        if (!padded || block.Kind is BlockKind.MetaNode or BlockKind.Extent)
        {
            return null;
        }

        Span<byte> stored = _stored.AsSpan(0, blocks.PlainBytes(block.Offset, block.StoredBytes));
        blocks.ReadBlock(block.Offset, block.Entry.Kind, block.Kind == BlockKind.Page ? block.Pfn.Value : SealedBlock.NoPage, stored);
        return IsClear(block, stored) ? null : "the padding of a block is not zero";
    }

    private static bool IsClear(ReachableBlock block, ReadOnlySpan<byte> stored) => block.Entry.Form switch
    {
        EntryKind.Record => EpochRecordFormat.IsPaddingClear(stored),
        EntryKind.Patch => !PatchBlock.PaddingOf(stored).ContainsAnyExcept((byte)0),
        EntryKind.Lz4 => !stored[Math.Min(stored.Length, sizeof(ushort) + BinaryPrimitives.ReadUInt16LittleEndian(stored))..].ContainsAnyExcept((byte)0),
        _ => !stored[block.UnpaddedBytes..].ContainsAnyExcept((byte)0),
    };
}
