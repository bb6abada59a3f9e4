namespace PageStore.Checkpoint;

/// <summary>
/// Keeps the file in proportion to what it holds when epochs are dropped again and again. A page that is never written pins the segment that it
/// was once stored in, with everything that died around it. So where little of the file is live, each new epoch also stores some of the
/// newest epoch's pages and nodes anew that lie in sparse segments, and these become free when the older epochs go. What an epoch
/// moves is in proportion to what it writes. For one thread.
/// </summary>
/// <param name="file">The file.</param>
/// <param name="always">Whether a pass begins whenever none is under way.</param>
internal sealed class SegmentCleaner(WritableFile file, bool always)
{
    /// <summary>A pass over the page table begins when the segments hold more than this many times what is live in them.</summary>
    private const int Slack = 3;

    /// <summary>Below this many segments there is nothing to gain.</summary>
    private const int FewSegments = 16;

    /// <summary>Pages that are looked at in an epoch for each page that it writes: a pass is over when half a guest has been written.</summary>
    private const int PagesLookedAt = 2;

    /// <summary>At least so many pages are looked at in an epoch, a few milliseconds.</summary>
    private const int MinPagesLookedAt = 64 * TreeRoot.FanOut;

    private readonly PageMover _mover = new(file);

    /// <summary>Where the pass goes on; -1 between passes.</summary>
    private long _next = -1;

    /// <summary>
    /// The least that the file has had since the last pass. The next one does not begin below twice that: epochs that are kept pin their
    /// segments, too, and no pass helps against them.
    /// </summary>
    private long _least;

    /// <summary>Whether the epoch under way moves anything.</summary>
    public bool IsDue()
    {
        (long capacity, long live) = file.Segments.Utilisation;
        _least = Math.Min(_least, capacity);
        if (_next < 0 && (always || (capacity > (Slack * live) + (FewSegments * file.Header.SegmentSize) && capacity > 2 * _least)))
        {
            _next = 0;
        }

        return _next >= 0;
    }

    /// <summary>Stores pages of an epoch's parent anew.</summary>
    /// <param name="parent">The newest epoch.</param>
    /// <param name="written">The pages that the epoch under way has written itself.</param>
    /// <param name="table">Takes what each page that moved holds now; for one page of each node on the way, what it holds anyway.</param>
    public void Move(Epoch parent, PageBitmap written, PageTableEdit table)
    {
        _mover.Begin();
        long end = Math.Min(parent.PageCount, _next + Math.Max(MinPagesLookedAt, PagesLookedAt * written.Count()));
        TreeCursor cursor = parent.BindCursor(new Pfn(0));
        for (; _next < end; _next = (_next | (TreeRoot.FanOut - 1)) + 1)
        {
            MoveLeaf(parent, cursor, written, table);
        }

        Epoch.ReturnCursor(cursor);
        if (_next >= parent.PageCount)
        {
            _next = -1;
            _least = file.Segments.Utilisation.Capacity;
        }
    }

    private void MoveLeaf(Epoch parent, TreeCursor cursor, PageBitmap written, PageTableEdit table)
    {
        bool visited = false;
        for (long key = _next, end = Math.Min(_next + TreeRoot.FanOut, parent.PageCount); key < end; key++)
        {
            var pfn = new Pfn(key);
            if (TryGet(cursor, key) is not { } entry)
            {
                return;
            }

            if (written.Length > key && written.Contains(pfn))
            {
                continue;
            }

            Entry moved = LiesSparse(pfn, entry) ? _mover.Move(parent, pfn, entry) : entry;
            if (moved != entry || (!visited && !entry.IsPlainAbsent))
            {
                table.Put(pfn, moved);
                visited = true;
            }
        }
    }

    /// <summary>A patch keeps the segment of its base, too.</summary>
    private bool LiesSparse(Pfn pfn, Entry entry)
    {
        if (!entry.HasBlock || file.Segments.IsSparse(entry.Offset))
        {
            return entry.HasBlock;
        }

        try
        {
            Entry basis = file.Root.Nodes.Blocks.ReadBase(entry, pfn.Value);
            return basis.HasBlock && file.Segments.IsSparse(basis.Offset);
        }
        catch (CorruptDataException)
        {
            return false;
        }
    }

    /// <summary>What is damaged stays where it is: to report it is not the business of a commit.</summary>
    private static Entry? TryGet(TreeCursor cursor, long key)
    {
        try
        {
            return cursor.Get(key);
        }
        catch (CorruptDataException)
        {
            return null;
        }
    }
}
