namespace PageStore.Checkpoint;

/// <summary>
/// Looks keys up in one tree and remembers the path it took, so that neighbouring keys cost one array access. Not thread-safe;
/// made to be pooled: <see cref="Bind"/> turns it to another tree.
/// </summary>
internal sealed class TreeCursor
{
    private readonly Entry[] _entries = new Entry[TreeRoot.MaxHeight * TreeRoot.FanOut];
    private readonly long[] _numbers = new long[TreeRoot.MaxHeight];
    private NodeReader? _nodes;
    private NodeCache? _cache;
    private TreeRoot _root;
    private TreeKind _kind;

    /// <summary>Turns the cursor to a tree.</summary>
    /// <param name="nodes">Reads its nodes.</param>
    /// <param name="root">Its root, whose own entry is checked here.</param>
    /// <param name="kind">What it holds.</param>
    /// <param name="rootOffset">Where the root was read, for messages.</param>
    /// <param name="cache">Keeps nodes beyond this cursor, of trees of one kind; null for who must see what the medium holds now.</param>
    /// <exception cref="CorruptDataException">The root entry is not allowed there.</exception>
    public void Bind(NodeReader nodes, TreeRoot root, TreeKind kind, long rootOffset, NodeCache? cache = null)
    {
        if (EntryRules.CheckRoot(root, kind) is { } wrong)
        {
            throw Damage.At(rootOffset, "the root of a tree is " + wrong);
        }

        _nodes = nodes;
        _root = root;
        _kind = kind;
        _cache = cache;
        Array.Fill(_numbers, -1);
    }

    /// <summary>Lets go of the tree.</summary>
    public void Unbind() => (_nodes, _cache) = (null, null);

    /// <summary>What a key holds, and up to where everything holds the same because a whole subtree is absent or zero.</summary>
    /// <param name="key">From 0 to the capacity of the tree; what lies behind is absent.</param>
    /// <param name="end">The first key behind <paramref name="key"/> that may hold something else.</param>
    /// <exception cref="CorruptDataException">A node on the way is damaged.</exception>
    public Entry Get(long key, out long end)
    {
        if (key >= _root.Capacity)
        {
            end = long.MaxValue;
            return Entry.Absent;
        }

        Entry entry = _root.Root;
        for (int level = _root.Height; level > 0; level--)
        {
            if (entry.Kind != EntryKind.Node)
            {
                end = ((key >> (TreeRoot.FanOutShift * level)) + 1) << (TreeRoot.FanOutShift * level);
                return entry;
            }

            entry = Child(entry, level, key >> (TreeRoot.FanOutShift * level), (int)(key >> (TreeRoot.FanOutShift * (level - 1))) & (TreeRoot.FanOut - 1));
        }

        end = key + 1;
        return entry;
    }

    /// <summary>As <see cref="Get(long, out long)"/>, for callers that want one key.</summary>
    public Entry Get(long key) => Get(key, out _);

    private Entry Child(Entry node, int level, long number, int index)
    {
        Span<Entry> entries = _entries.AsSpan((level - 1) * TreeRoot.FanOut, TreeRoot.FanOut);
        if (_numbers[level - 1] != number)
        {
            if (_cache is not null && _cache.TryGet(node, level, number, index, out Entry cached))
            {
                return cached;
            }

            _numbers[level - 1] = -1;
            _nodes!.Read(node, _kind, level, number, entries, out Entry basis);
            _numbers[level - 1] = number;
            _cache?.Put(node, level, number, entries, basis);
        }

        return entries[index];
    }
}
