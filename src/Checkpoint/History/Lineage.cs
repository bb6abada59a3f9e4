namespace PageStore.Checkpoint;

/// <summary>
/// Which epoch came from which, dropped ones included as far as they still link others. Blocks are shared only along these links,
/// so who drops an epoch compares it with its nearest neighbours and with nobody else. For one thread.
/// </summary>
internal sealed class Lineage
{
    private readonly SortedDictionary<long, Link> _links = [];

    /// <summary>Adds an epoch of the directory; ancestors come first, since their ids are lower.</summary>
    public void Add(EpochId id, EpochId parent, bool isDropped)
    {
        var link = new Link { Parent = parent.Value, IsDropped = isDropped };
        _links.Add(id.Value, link);
        ParentOf(link)?.Children.Add(id.Value);
    }

    /// <summary>The ids of the dropped epochs that link others, with their parents.</summary>
    public IEnumerable<(long Id, EpochId Parent)> Dropped() =>
        _links.Where(pair => pair.Value.IsDropped).Select(pair => (pair.Key, new EpochId(ParentOf(pair.Value) is null ? 0 : pair.Value.Parent)));

    /// <summary>The kept epochs that are reached from one over dropped ones only.</summary>
    public List<EpochId> NeighboursOf(EpochId id) => [.. SidesOf(id).Select(neighbour => neighbour.Id)];

    /// <summary>
    /// The same, and over which of its own links each is reached: those of one side are linked among themselves, those of different sides over this epoch only.
    /// </summary>
    public List<(EpochId Id, int Side)> SidesOf(EpochId id)
    {
        List<(EpochId, int)> neighbours = [];
        HashSet<long> seen = [id.Value];
        long[] links = [.. _links[id.Value].Children, _links[id.Value].Parent];
        for (int side = 0; side < links.Length; side++)
        {
            neighbours.AddRange(Behind(links[side], seen).Select(neighbour => (neighbour, side)));
        }

        return neighbours;
    }

    private List<EpochId> Behind(long first, HashSet<long> seen)
    {
        List<EpochId> neighbours = [];
        var next = new Stack<long>([first]);
        while (next.TryPop(out long at))
        {
            if (!seen.Add(at) || !_links.TryGetValue(at, out Link? link))
            {
                continue;
            }

            if (!link.IsDropped)
            {
                neighbours.Add(new EpochId(at));
                continue;
            }

            next.Push(link.Parent);
            foreach (long child in link.Children)
            {
                next.Push(child);
            }
        }

        return neighbours;
    }

    /// <summary>The nearest ancestor that is kept, or 0.</summary>
    public EpochId KeptAncestorOf(EpochId id)
    {
        long at = _links[id.Value].Parent;
        while (_links.TryGetValue(at, out Link? link) && link.IsDropped)
        {
            at = link.Parent;
        }

        return _links.ContainsKey(at) ? new EpochId(at) : default;
    }

    /// <summary>Drops an epoch: from now on it only links others, as long as that is needed.</summary>
    public void Drop(EpochId id)
    {
        Link link = _links[id.Value];
        link.IsDropped = true;
        SkipDroppedParents(id.Value, link);
        RemoveIfUseless(id.Value);
    }

    /// <summary>Of a row of dropped epochs only the last one stays: its child, if it is kept, names it as its parent.</summary>
    private void SkipDroppedParents(long id, Link link)
    {
        while (ParentOf(link) is { IsDropped: true, Children.Count: 1 } parent)
        {
            long skipped = link.Parent;
            _links.Remove(skipped);
            link.Parent = parent.Parent;
            if (ParentOf(link) is { } grandparent)
            {
                grandparent.Children.Remove(skipped);
                grandparent.Children.Add(id);
            }
        }

        if (link.Children is [long child] && _links[child].IsDropped)
        {
            SkipDroppedParents(child, _links[child]);
        }
    }

    /// <summary>Removes a dropped epoch that links nothing, and then those around it that link nothing any more.</summary>
    private void RemoveIfUseless(long id)
    {
        while (_links.TryGetValue(id, out Link? link) && link.IsDropped)
        {
            Link? parent = ParentOf(link);
            if (link.Children.Count > 1 || (link.Children.Count == 1 && parent is not null))
            {
                return;
            }

            _links.Remove(id);
            parent?.Children.Remove(id);
            if (parent is { IsDropped: true, Children: [long only] } && _links[only].IsDropped)
            {
                SkipDroppedParents(only, _links[only]);
            }

            id = link.Children.Count == 1 ? link.Children[0] : link.Parent;
        }
    }

    private Link? ParentOf(Link link) => _links.GetValueOrDefault(link.Parent);

    private sealed class Link
    {
        public long Parent { get; set; }

        public bool IsDropped { get; set; }

        public List<long> Children { get; } = [];
    }
}
