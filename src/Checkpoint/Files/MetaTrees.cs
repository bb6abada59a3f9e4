namespace PageStore.Checkpoint;

/// <summary>
/// Writes the trees that every commit changes: the epoch directory, the segment table, and the session table of an encrypted file. Their nodes lie in segments of their
/// own, without accounts, since an account of the segment table's own nodes would change with each of its writes. Instead the trees are
/// written anew, as a whole, once most of those segments is dead. For one thread.
/// </summary>
internal sealed class MetaTrees
{
    /// <summary>Below this many segments nothing is written anew: the trees may just have moved into the second one.</summary>
    private const int FewSegments = 2;

    /// <summary>
    /// Meta segments are written anew when they hold more than this many times what is live in them: each byte is then copied at most once
    /// for each byte that is appended.
    /// </summary>
    private const int Slack = 2;

    private readonly NodeReader _nodes;
    private readonly TreeWriter _writer;
    private readonly SessionWriter? _sessions;
    private readonly SegmentAppender _appender;
    private readonly SegmentAllocator _segments;
    private readonly long _segmentSize;
    private int _measuredSegments;

    public MetaTrees(NodeReader nodes, SegmentAppender appender, BlockAppender blocks, SessionWriter? sessions, SegmentAllocator segments, FileHeader header)
    {
        _nodes = nodes;
        _appender = appender;
        _segments = segments;
        _sessions = sessions;
        _segmentSize = header.SegmentSize;
        _writer = new TreeWriter(nodes, appender, blocks, null, header.PageSize);
    }

    /// <summary>Makes the trees of the next root.</summary>
    /// <param name="slot">The root before.</param>
    /// <param name="directory">What changes in the directory, by ascending epoch.</param>
    /// <param name="sequence">The sequence of the next root.</param>
    /// <param name="open">Where each class is filled further.</param>
    public RootSlot Update(RootSlot slot, ReadOnlySpan<LeafChange> directory, long sequence, AppendPositions open)
    {
        if (IsMostlyDead(slot))
        {
            _segments.FreeMeta(sequence);
            _appender.ResetTo(0);
            slot = slot with
            {
                Directory = Copy(slot.Directory, TreeKind.EpochDirectory),
                Segments = Copy(slot.Segments, TreeKind.SegmentTable),
                Sessions = _sessions?.Copy(slot.Sessions) ?? default,
            };
        }

        slot = slot with { Sessions = _sessions?.Append(slot.Sessions) ?? default };
        slot = slot with { Directory = Apply(slot.Directory, TreeKind.EpochDirectory, directory) };
        _segments.FreeDead(sequence, open);
        return slot with { Segments = UpdateSegments(slot.Segments) };
    }

    /// <summary>Notes that the root is committed.</summary>
    public void Committed() => _sessions?.Committed();

    /// <summary>Writing the segment table can take a segment, which changes the table: until it does not.</summary>
    private TreeRoot UpdateSegments(TreeRoot table)
    {
        LeafChange[] changes = _segments.Changes();
        LeafChange[] written;
        do
        {
            table = Apply(table, TreeKind.SegmentTable, changes);
            written = changes;
            changes = _segments.Changes();
        }
        while (!changes.AsSpan().SequenceEqual(written));
        return table;
    }

    private bool IsMostlyDead(RootSlot slot)
    {
        if (_segments.MetaSegments <= FewSegments || _segments.MetaSegments == _measuredSegments)
        {
            return false;
        }

        _measuredSegments = _segments.MetaSegments;
        long live = TreeSize.Of(_nodes, slot.Directory, TreeKind.EpochDirectory) + TreeSize.Of(_nodes, slot.Segments, TreeKind.SegmentTable)
            + (_sessions?.SizeOf(slot.Sessions) ?? 0);
        return _segments.MetaSegments * _segmentSize > (Slack * live) + (FewSegments * _segmentSize);
    }

    private TreeRoot Copy(TreeRoot tree, TreeKind kind)
    {
        List<LeafChange> leaves = [];
        new TreeDiff(_nodes, kind, (key, _, after) => leaves.Add(new LeafChange(key, 0, after))).Run(default, tree);
        return Apply(default, kind, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(leaves));
    }

    private TreeRoot Apply(TreeRoot tree, TreeKind kind, ReadOnlySpan<LeafChange> changes) =>
        changes.IsEmpty ? tree : _writer.Apply(tree, kind, Math.Max(tree.Height, TreeRoot.HeightFor(changes[^1].Key + 1)), changes);
}
