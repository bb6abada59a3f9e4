namespace PageStore.Checkpoint;

/// <summary>
/// Visits the leaves in which two versions of a tree differ. Subtrees that both share are skipped without a read, so the cost grows
/// with the difference, not with the trees.
/// </summary>
internal sealed class TreeDiff(NodeReader nodes, TreeKind kind, TreeDiff.Visitor visit)
{
    /// <summary>Called for a leaf that differs; the key, and what the old and the new version hold.</summary>
    public delegate void Visitor(long key, Entry before, Entry after);

    /// <summary>
    /// Whether to visit the single leaves of a subtree that became absent or zero as a whole. Who only reads content leaves them out.
    /// </summary>
    public bool VisitUniform { get; init; } = true;

    /// <summary>Visits all differing leaves by ascending key.</summary>
    /// <exception cref="CorruptDataException">A root or a node is damaged.</exception>
    public void Run(TreeRoot before, TreeRoot after)
    {
        // An unchecked root of a kind that has no place there would be taken for 64^height leaves.
        if ((EntryRules.CheckRoot(before, kind) ?? EntryRules.CheckRoot(after, kind)) is { } wrong)
        {
            throw Damage.At(after.Root.Offset, "the root of a tree is " + wrong);
        }

        CompareTrees(before, after);
    }

    private void CompareTrees(TreeRoot before, TreeRoot after)
    {
        if (before.Height == after.Height)
        {
            Compare(before.Root, after.Root, before.Height, 0);
            return;
        }

        // The higher tree holds the lower one's keys in slot 0 of its root.
        bool lift = before.Height < after.Height;
        TreeRoot high = lift ? after : before;
        Span<Entry> entries = stackalloc Entry[TreeRoot.FanOut];
        nodes.Read(high.Root, kind, high.Height, 0, entries);
        var first = new TreeRoot(entries[0], high.Height - 1);
        CompareTrees(lift ? before : first, lift ? first : after);
        for (int slot = 1; slot < TreeRoot.FanOut; slot++)
        {
            Compare(lift ? Entry.Absent : entries[slot], lift ? entries[slot] : Entry.Absent, high.Height - 1, slot);
        }
    }

    private void Compare(Entry before, Entry after, int level, long number)
    {
        if (before == after || (level > 0 && after.Kind != EntryKind.Node && !VisitUniform))
        {
            return;
        }

        if (level == 0)
        {
            visit(number, before, after);
            return;
        }

        Span<Entry> old = stackalloc Entry[TreeRoot.FanOut];
        Span<Entry> young = stackalloc Entry[TreeRoot.FanOut];
        nodes.Read(before, kind, level, number, old);
        nodes.Read(after, kind, level, number, young);
        for (int slot = 0; slot < TreeRoot.FanOut; slot++)
        {
            Compare(old[slot], young[slot], level - 1, (number << TreeRoot.FanOutShift) + slot);
        }
    }
}
