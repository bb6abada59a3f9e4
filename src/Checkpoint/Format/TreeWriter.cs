using System.Numerics;

namespace PageStore.Checkpoint;

/// <summary>One change of a leaf. Changes are applied by ascending key; of several to one key the highest order wins.</summary>
internal readonly record struct LeafChange(long Key, int Order, Entry Entry);

/// <summary>
/// Makes a new version of a tree from an old one and a sorted list of changes: writes the nodes on the changed paths, shares all
/// others. What was written since the last commit and is replaced before the next is released at once. For one thread.
/// </summary>
/// <param name="nodes">Reads nodes, also those that are not in the file yet.</param>
/// <param name="index">Takes new nodes.</param>
/// <param name="blocks">Appends them.</param>
/// <param name="space">Keeps the accounts; null for trees whose segments have none.</param>
/// <param name="pageSize">The size of the content of a page table's leaf.</param>
/// <param name="shares">Counts the pages of a block; null for trees whose leaves have none.</param>
internal sealed class TreeWriter(NodeReader nodes, SegmentAppender index, BlockAppender blocks, SegmentAllocator? space, int pageSize, SharedBlocks? shares = null)
{
    /// <summary>Whether nodes on the way of a change move out of sparse segments, even if nothing of them changes.</summary>
    public bool MovesNodes { get; set; }

    /// <summary>The required features of what was put into leaves since the last commit.</summary>
    public ulong NewFeatures { get; set; }

    /// <summary>Keeps nodes of page tables, where others look pages up in the tree that is changed; null reads each when it is changed.</summary>
    public NodeCache? PageTables { get; init; }

    /// <summary>Applies changes.</summary>
    /// <param name="root">The old version.</param>
    /// <param name="kind">What the tree holds.</param>
    /// <param name="height">The height of the new version, at least that of the old one.</param>
    /// <param name="changes">By strictly ascending key, all within the capacity of <paramref name="height"/>.</param>
    /// <param name="counts">Counts of page classes to keep up to date; ignored unless the tree is a page table.</param>
    public TreeRoot Apply(TreeRoot root, TreeKind kind, int height, ReadOnlySpan<LeafChange> changes, ref ClassCounts counts)
    {
        root = Raise(root, kind, height);
        Entry entry = ApplyTo(root.Root, kind, height, 0, changes, ref counts);
        return new TreeRoot(entry, height);
    }

    /// <summary>Applies changes to a tree that counts no page classes.</summary>
    public TreeRoot Apply(TreeRoot root, TreeKind kind, int height, ReadOnlySpan<LeafChange> changes)
    {
        ClassCounts ignored = default;
        return Apply(root, kind, height, changes, ref ignored);
    }

    /// <summary>Takes levels off the top of a tree in which only keys within the capacity of the new height are present.</summary>
    public TreeRoot Lower(TreeRoot root, TreeKind kind, int height)
    {
        Node node = default;
        Entry entry = root.Root;
        for (int level = root.Height; level > height; level--)
        {
            nodes.ReadWithBase(entry, kind, level, 0, ref node);
            ReleaseReplaced(entry, node.BaseEntry, default, default);
            entry = node.Entries[0];
        }

        return new TreeRoot(entry, Math.Min(root.Height, height));
    }

    /// <summary>Called with the entry of a page's block that was appended since the last commit and is free again.</summary>
    public Action<Entry>? Freed { get; init; }

    /// <summary>Releases the block of an entry that was appended since the last commit and is not needed after all, unless other pages need it.</summary>
    public void ReleaseFresh(Entry entry)
    {
        if (space is null || !entry.HasBlock || !space.IsFresh(entry.Offset) || shares?.ReleaseFresh(entry.Offset) == false)
        {
            return;
        }

        space.Release(entry.Offset, entry.BlockBytes(pageSize, blocks.Overhead));
        if (entry.IsWhole)
        {
            Freed?.Invoke(entry);
        }
    }

    private TreeRoot Raise(TreeRoot root, TreeKind kind, int height)
    {
        if (root.Height >= height || root.Root.IsPlainAbsent)
        {
            return new TreeRoot(root.Root, Math.Max(root.Height, height));
        }

        Node node = default;
        node.Entries[0] = root.Root;
        Entry raised = Write(ref node, kind, root.Height + 1, 0, out _);
        return Raise(new TreeRoot(raised, root.Height + 1), kind, height);
    }

    private Entry ApplyTo(Entry old, TreeKind kind, int level, long number, ReadOnlySpan<LeafChange> changes, ref ClassCounts counts)
    {
        if (changes.IsEmpty)
        {
            return old;
        }

        if (level == 0)
        {
            counts.Add(ClassCounts.ClassOf(old.Kind), -1);
            counts.Add(ClassCounts.ClassOf(changes[^1].Entry.Kind), 1);
            ReleaseLeaf(old, changes[^1].Entry);
            NewFeatures |= FormatFeatures.Of(changes[^1].Entry.Kind);
            return changes[^1].Entry;
        }

        Node node = default;
        nodes.ReadWithBase(old, kind, level, number, ref node, CacheOf(kind));
        Entry oldBase = node.BaseEntry;
        bool changed = LeaveSparse(old, ref node);
        while (!changes.IsEmpty)
        {
            ReadOnlySpan<LeafChange> part = TakeSlot(ref changes, level, out int slot);
            Entry entry = ApplyTo(node.Entries[slot], kind, level - 1, (number << TreeRoot.FanOutShift) + slot, part, ref counts);
            changed |= entry != node.Entries[slot];
            node.Entries[slot] = entry;
        }

        if (!changed)
        {
            return old;
        }

        Entry written = Write(ref node, kind, level, number, out Entry newBase);
        ReleaseReplaced(old, oldBase, written, newBase);
        return written;
    }

    /// <summary>Lets a node be written as a base of its own if it, or the base it is stored against, keeps a segment that could be free.</summary>
    private bool LeaveSparse(Entry old, ref Node node)
    {
        if (!MovesNodes || old.Kind != EntryKind.Node || (!space!.IsSparse(old.Offset) && !space.IsSparse(node.BaseEntry.Offset)))
        {
            return false;
        }

        node.BaseEntry = Entry.Absent;
        return true;
    }

    /// <summary>A page that names the same block once more was counted for that.</summary>
    private void ReleaseLeaf(Entry old, Entry written)
    {
        if (old.Offset != written.Offset || shares?.IsSharedFresh(old.Offset) == true)
        {
            ReleaseFresh(old);
        }
    }

    /// <summary>Releases what stood for a node before, as far as it is fresh and does not stand for it still.</summary>
    private void ReleaseReplaced(Entry old, Entry oldBase, Entry written, Entry newBase)
    {
        if (!Stays(old))
        {
            ReleaseFresh(old);
        }

        if (!Stays(oldBase) && oldBase.Offset != old.Offset)
        {
            ReleaseFresh(oldBase);
        }

        bool Stays(Entry entry) => entry.Offset == written.Offset || entry.Offset == newBase.Offset;
    }

    /// <summary>Splits off the changes that belong to the first change's slot.</summary>
    private static ReadOnlySpan<LeafChange> TakeSlot(ref ReadOnlySpan<LeafChange> changes, int level, out int slot)
    {
        int shift = TreeRoot.FanOutShift * (level - 1);
        long child = changes[0].Key >> shift;
        int count = 1;
        while (count < changes.Length && changes[count].Key >> shift == child)
        {
            count++;
        }

        slot = (int)child & (TreeRoot.FanOut - 1);
        ReadOnlySpan<LeafChange> part = changes[..count];
        changes = changes[count..];
        return part;
    }

    /// <summary>Writes a node in the shorter of its forms; <paramref name="baseEntry"/> is what it is then stored against, itself if it is a base.</summary>
    private Entry Write(ref Node node, TreeKind kind, int level, long number, out Entry baseEntry)
    {
        ReadOnlySpan<Entry> entries = node.Entries;
        baseEntry = Entry.Absent;
        if (!entries.ContainsAnyExcept(Entry.Absent))
        {
            return Entry.Absent;
        }

        if (kind == TreeKind.PageTable && !entries.ContainsAnyExcept(Entry.Zero))
        {
            return Entry.Zero;
        }

        ulong mask = node.BaseEntry.Kind == EntryKind.Node ? DifferenceMask(entries, node.Base) : ulong.MaxValue;
        if (mask == 0)
        {
            return baseEntry = node.BaseEntry;
        }

        bool patch = BitOperations.PopCount(mask) <= NodeFormat.MaxPatchEntries && NodeFormat.PatchSize(mask) < NodeFormat.BaseSize(entries);
        int size = patch ? NodeFormat.PatchSize(mask) : NodeFormat.BaseSize(entries);
        Span<byte> stored = blocks.Begin(index, size);
        if (patch)
        {
            NodeFormat.WritePatch(stored, level, number, mask, node.BaseEntry, entries);
        }
        else
        {
            NodeFormat.WriteBase(stored, level, number, entries);
        }

        Entry entry = blocks.End(EntryKind.Node, ContentSum.Of(stored));
        baseEntry = patch ? node.BaseEntry : entry;
        CacheOf(kind)?.Put(entry, level, number, entries, patch ? baseEntry : Entry.Absent);
        return entry;
    }

    private NodeCache? CacheOf(TreeKind kind) => kind == TreeKind.PageTable ? PageTables : null;

    private static ulong DifferenceMask(ReadOnlySpan<Entry> entries, ReadOnlySpan<Entry> baseEntries)
    {
        ulong mask = 0;
        for (int slot = 0; slot < TreeRoot.FanOut; slot++)
        {
            mask |= entries[slot] == baseEntries[slot] ? 0 : 1UL << slot;
        }

        return mask;
    }
}
