using System.Buffers.Binary;

namespace PageStore.Checkpoint.Tests;

/// <summary>
/// Changes a file and sets all sums right again, from the block that was changed up to the slots: what a hostile hand would do. It
/// works on files of one epoch whose trees have height 1 or less.
/// </summary>
internal sealed class FileSurgeon
{
    private readonly byte[] _file;
    private readonly int _slot;

    public FileSurgeon(byte[] file)
    {
        _file = [.. file];
        _slot = new[] { 4096, 69632 }.MaxBy(offset => BinaryPrimitives.ReadUInt64LittleEndian(_file.AsSpan(offset + 8)));
    }

    /// <summary>The newest slot, first copy.</summary>
    public Span<byte> Slot => _file.AsSpan(_slot, Layout.SlotSize);

    /// <summary>The node of the epoch directory.</summary>
    public Span<byte> DirectoryNode => Block(Entry.Read(Slot[72..]));

    /// <summary>The record of the newest epoch: the last entry of the directory's node.</summary>
    public Span<byte> Record => Block(Entry.Read(DirectoryNode[^Entry.Size..]));

    /// <summary>The node of the page table.</summary>
    public Span<byte> PageNode => Block(Entry.Read(Record[40..]));

    /// <summary>The file with all sums right.</summary>
    public byte[] Close()
    {
        if (Entry.Read(Record[40..]).Kind == EntryKind.Node)
        {
            SetSum(Record[40..], PageNode);
        }

        if (Entry.Read(Slot[72..]).Kind == EntryKind.Node && Entry.Read(DirectoryNode[^Entry.Size..]).Kind == EntryKind.Record)
        {
            SetSum(DirectoryNode[^Entry.Size..], Record);
        }

        return CloseAboveRecord();
    }

    /// <summary>As <see cref="Close"/>, for files whose directory was changed so that the record is not found any more.</summary>
    public byte[] CloseAboveRecord()
    {
        if (Entry.Read(Slot[72..]).Kind == EntryKind.Node)
        {
            SetSum(Slot[72..], DirectoryNode);
        }

        BinaryPrimitives.WriteUInt64LittleEndian(Slot[496..], ContentSum.Of(Slot[..496]).Value);
        Slot.CopyTo(_file.AsSpan(_slot + Layout.SlotSize));
        return _file;
    }

    private static void SetSum(Span<byte> entry, ReadOnlySpan<byte> block) =>
        BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], ContentSum.Of(block).Value);

    private Span<byte> Block(Entry entry) => _file.AsSpan((int)entry.Offset, entry.StoredBytes);
}
