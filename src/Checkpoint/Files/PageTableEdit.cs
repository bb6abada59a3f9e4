namespace PageStore.Checkpoint;

/// <summary>
/// A page table under change: collects changed entries and applies them in sorted batches, so that its memory stays bounded in
/// whatever order pages come. For one thread.
/// </summary>
internal sealed class PageTableEdit(TreeWriter trees, TreeRoot table, ClassCounts counts)
{
    /// <summary>Changes between two updates of the tree: 1 MiB of them, 128 MiB of 4 KiB pages.</summary>
    private const int BatchSize = 32768;

    /// <summary>Changes that there is room for at once: many epochs have few.</summary>
    private const int FirstSize = 256;

    private static readonly Comparison<LeafChange> ByKeyAndOrder = static (a, b) => a.Key != b.Key ? a.Key.CompareTo(b.Key) : a.Order.CompareTo(b.Order);

    private LeafChange[] _changes = new LeafChange[FirstSize];
    private TreeRoot _table = table;
    private ClassCounts _counts = counts;
    private int _count;
    private bool _sorted = true;

    /// <summary>Pages by class; the absent ones only after <see cref="Finish"/>.</summary>
    public ClassCounts Counts => _counts;

    /// <summary>Sets what a page holds from now on.</summary>
    public void Put(Pfn pfn, Entry entry)
    {
        if (_count == BatchSize)
        {
            Apply();
        }

        if (_count == _changes.Length)
        {
            Array.Resize(ref _changes, 2 * _changes.Length);
        }

        _sorted &= _count == 0 || _changes[_count - 1].Key < pfn.Value;
        _changes[_count] = new LeafChange(pfn.Value, _count, entry);
        _count++;
    }

    /// <summary>Applies what is left, and gives the table the height that a guest of this size has.</summary>
    public TreeRoot Finish(long pageCount)
    {
        Apply();
        int height = TreeRoot.HeightFor(pageCount);
        _table = _table.Height > height
            ? trees.Lower(_table, TreeKind.PageTable, height)
            : trees.Apply(_table, TreeKind.PageTable, height, default);
        _counts.Absent = pageCount - _counts.Zero - _counts.Repeated - _counts.Data;
        return _table;
    }

    private void Apply()
    {
        if (_count == 0)
        {
            return;
        }

        Span<LeafChange> changes = _changes.AsSpan(0, _count);
        if (!_sorted)
        {
            changes.Sort(ByKeyAndOrder);
            changes = changes[..KeepLast(changes)];
        }

        int height = Math.Max(_table.Height, TreeRoot.HeightFor(changes[^1].Key + 1));
        _table = trees.Apply(_table, TreeKind.PageTable, height, changes, ref _counts);
        _count = 0;
        _sorted = true;
    }

    /// <summary>Keeps the last change of each key, at the front; returns how many. The blocks of the others are in vain.</summary>
    private int KeepLast(Span<LeafChange> changes)
    {
        int kept = 0;
        for (int i = 0; i < changes.Length; i++)
        {
            if (i + 1 == changes.Length || changes[i + 1].Key != changes[i].Key)
            {
                changes[kept++] = changes[i];
            }
            else
            {
                trees.ReleaseFresh(changes[i].Entry);
            }
        }

        return kept;
    }
}
