namespace PageStore.Checkpoint;

/// <summary>Reads and checks nodes of trees. Thread-safe, allocates nothing.</summary>
internal sealed class NodeReader(BlockReader blocks)
{
    public BlockReader Blocks => blocks;

    /// <summary>Reads the node behind an inner entry; absent and zero subtrees become 64 such entries.</summary>
    /// <param name="entry">An inner entry that <see cref="EntryRules.CheckInner"/> accepts.</param>
    /// <param name="tree">What the tree holds.</param>
    /// <param name="level">The level of the node, from 1.</param>
    /// <param name="number">The number that the node must have.</param>
    /// <param name="entries">Receives the 64 effective entries.</param>
    /// <exception cref="CorruptDataException">The node is damaged or not the one that was asked for.</exception>
    public void Read(Entry entry, TreeKind tree, int level, long number, Span<Entry> entries) =>
        Read(entry, tree, level, number, entries, out _);

    /// <summary>As the shorter one, and says where the base of a patch is; absent for everything but a patch.</summary>
    public void Read(Entry entry, TreeKind tree, int level, long number, Span<Entry> entries, out Entry baseEntry)
    {
        baseEntry = Entry.Absent;
        if (entry.Kind != EntryKind.Node)
        {
            entries.Fill(entry);
            return;
        }

        Span<byte> buffer = stackalloc byte[NodeFormat.MaxSize];
        ReadOnlySpan<byte> stored = ReadNodeBytes(entry, buffer);
        if (stored[0] == NodeFormat.PatchForm)
        {
            ReadPatched(entry, stored, level, number, entries, out baseEntry);
        }
        else
        {
            Decode(NodeFormat.TryReadBase(stored, level, number, entries), entry);
        }

        CheckEntries(entry, tree, level, entries);
    }

    /// <summary>As <see cref="Read(Entry, TreeKind, int, long, Span{Entry})"/>, and says what base the node is stored against.</summary>
    /// <param name="entry">An inner entry.</param>
    /// <param name="tree">What the tree holds.</param>
    /// <param name="level">The level of the node.</param>
    /// <param name="number">Its number.</param>
    /// <param name="node">Receives it.</param>
    /// <param name="cache">Has nodes of trees of this kind, and takes those that it has not; null for who must see what the medium holds now.</param>
    public void ReadWithBase(Entry entry, TreeKind tree, int level, long number, ref Node node, NodeCache? cache = null)
    {
        Read(entry, tree, level, number, node.Entries, out node.BaseEntry, cache);
        if (node.BaseEntry.Kind == EntryKind.Node)
        {
            Read(node.BaseEntry, tree, level, number, node.Base, out _, cache);
        }
        else if (entry.Kind == EntryKind.Node)
        {
            node.BaseEntry = entry;
            node.Base = node.Entries;
        }
    }

    private void Read(Entry entry, TreeKind tree, int level, long number, Span<Entry> entries, out Entry baseEntry, NodeCache? cache)
    {
        if (cache is null || entry.Kind != EntryKind.Node)
        {
            Read(entry, tree, level, number, entries, out baseEntry);
        }
        else if (!cache.TryCopy(entry, level, number, entries, out baseEntry))
        {
            Read(entry, tree, level, number, entries, out baseEntry);
            cache.Put(entry, level, number, entries, baseEntry);
        }
    }

    private static void Decode(string? wrong, Entry entry)
    {
        if (wrong is not null)
        {
            throw Damage.At(entry.Offset, wrong);
        }
    }

    private static void CheckEntries(Entry node, TreeKind tree, int level, ReadOnlySpan<Entry> entries)
    {
        foreach (Entry entry in entries)
        {
            string? wrong = level == 1 ? EntryRules.CheckLeaf(entry, tree) : EntryRules.CheckInner(entry, tree);
            if (wrong is not null)
            {
                throw Damage.At(node.Offset, "a node holds " + wrong);
            }
        }
    }

    private void ReadPatched(Entry entry, ReadOnlySpan<byte> stored, int level, long number, Span<Entry> entries, out Entry baseEntry)
    {
        Decode(NodeFormat.TryReadPatchHead(stored, level, number, out ulong mask, out baseEntry), entry);
        Span<byte> buffer = stackalloc byte[NodeFormat.MaxSize];
        ReadOnlySpan<byte> storedBase = ReadNodeBytes(baseEntry, buffer);
        Decode(NodeFormat.TryReadBase(storedBase, level, number, entries), baseEntry);
        NodeFormat.ApplyPatch(stored, mask, entries);
    }

    private ReadOnlySpan<byte> ReadNodeBytes(Entry entry, Span<byte> buffer)
    {
        if (entry.StoredBytes - blocks.Overhead is < NodeFormat.HeadSize or > NodeFormat.MaxSize)
        {
            throw Damage.At(entry.Offset, $"a node of {entry.StoredBytes} bytes");
        }

        return blocks.ReadStored(entry, buffer);
    }
}
