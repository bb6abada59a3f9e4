namespace PageStore.Checkpoint;

/// <summary>
/// Visits the leaves in which two versions of a tree differ, subtrees that are absent or zero as a whole as one run. Unlike
/// <see cref="TreeDiff"/> it can go on beside damage: what the new version lost is told, and where only the old one is damaged
/// every leaf of the new one differs from <see cref="Unknown"/>. Its cost grows with the nodes that differ, whatever the tables claim.
/// </summary>
/// <param name="nodes">Reads the nodes of the new version.</param>
/// <param name="kind">What the trees hold.</param>
/// <param name="otherFile">
/// Reads the nodes of the old version, if that is in another file: there, equal entries of blocks do not mean equal content, so every leaf
/// that has a block in both is visited.
/// </param>
internal sealed class TreeRunDiff(NodeReader nodes, TreeKind kind, NodeReader? otherFile = null)
{
    /// <summary>Called for a run of leaves that hold the same: the first key, how many, and what the old and the new version hold.</summary>
    public delegate void Visitor(long first, long count, Entry before, Entry after);

    /// <summary>Called for a run of keys whose node in the new version cannot be read.</summary>
    public delegate void LostVisitor(long first, long count, CorruptDataException cause);

    /// <summary>Stands for an old version that cannot be read: kind 15, which no file has.</summary>
    public static Entry Unknown => new(ulong.MaxValue, ulong.MaxValue);

    public required Visitor Visit { get; init; }

    /// <summary>Null stands for throwing at the first damage of either version.</summary>
    public LostVisitor? Lost { get; init; }

    /// <summary>
    /// The first key that the old version does not have, whatever its tree says: for a damaged page table that holds pages behind the guest's end.
    /// </summary>
    public long BeforeEnd { get; init; } = long.MaxValue;

    public CancellationToken Cancellation { get; init; }

    /// <summary>Visits all differing runs by ascending key.</summary>
    /// <exception cref="CorruptDataException">A root or a node is damaged, and nobody asked to go on.</exception>
    public void Run(TreeRoot before, TreeRoot after)
    {
        if (EntryRules.CheckRoot(after, kind) is { } wrong)
        {
            TellLost(0, after.Capacity, Damage.At(after.Root.Offset, "the root of a tree is " + wrong));
        }
        else
        {
            CompareTrees(Checked(before), after);
        }
    }

    private TreeRoot Checked(TreeRoot before)
    {
        string? wrong = EntryRules.CheckRoot(before, kind);
        if (wrong is not null && Lost is null)
        {
            throw Damage.At(before.Root.Offset, "the root of a tree is " + wrong);
        }

        return wrong is null ? before : before with { Root = Unknown };
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
        if (!(lift ? TryReadAfter(high.Root, high.Height, 0, entries) : TryReadBefore(high.Root, high.Height, 0, entries)))
        {
            return;
        }

        var first = new TreeRoot(entries[0], high.Height - 1);
        CompareTrees(lift ? before : first, lift ? first : after);
        for (int slot = 1; slot < TreeRoot.FanOut; slot++)
        {
            Compare(lift ? Entry.Absent : entries[slot], lift ? entries[slot] : Entry.Absent, high.Height - 1, slot);
        }
    }

    private void Compare(Entry before, Entry after, int level, long number)
    {
        long first = number << (TreeRoot.FanOutShift * level);
        long count = 1L << (TreeRoot.FanOutShift * level);
        before = first >= BeforeEnd ? Entry.Absent : before;
        bool endsInside = first < BeforeEnd && BeforeEnd - first < count;
        if (before == after && !endsInside && (otherFile is null || after.Kind is EntryKind.Absent or EntryKind.Zero or EntryKind.Repeated))
        {
            return;
        }

        if (level == 0 || (before.Kind != EntryKind.Node && after.Kind != EntryKind.Node))
        {
            Visit(first, count, before, after);
            return;
        }

        Cancellation.ThrowIfCancellationRequested();
        Span<Entry> old = stackalloc Entry[TreeRoot.FanOut];
        Span<Entry> young = stackalloc Entry[TreeRoot.FanOut];
        if (TryReadAfter(after, level, number, young) && TryReadBefore(before, level, number, old))
        {
            for (int slot = 0; slot < TreeRoot.FanOut; slot++)
            {
                Compare(old[slot], young[slot], level - 1, (number << TreeRoot.FanOutShift) + slot);
            }
        }
    }

    private bool TryReadAfter(Entry entry, int level, long number, Span<Entry> entries)
    {
        try
        {
            nodes.Read(entry, kind, level, number, entries);
            return true;
        }
        catch (CorruptDataException cause)
        {
            TellLost(number << (TreeRoot.FanOutShift * level), 1L << (TreeRoot.FanOutShift * level), cause);
            return false;
        }
    }

    /// <summary>True in any case: an old version that cannot be read is unknown.</summary>
    private bool TryReadBefore(Entry entry, int level, long number, Span<Entry> entries)
    {
        try
        {
            (otherFile ?? nodes).Read(entry, kind, level, number, entries);
        }
        catch (CorruptDataException) when (Lost is not null)
        {
            entries.Fill(Unknown);
        }

        return true;
    }

    private void TellLost(long first, long count, CorruptDataException cause)
    {
        if (Lost is null)
        {
            throw cause;
        }

        Lost(first, count, cause);
    }
}
