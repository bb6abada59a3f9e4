namespace PageStore.Checkpoint;

/// <summary>
/// Who is whose relative among the salvaged epochs. Epochs share blocks along the links from epoch to parent only (docs/format.md, "Epoch directory"),
/// and so must those of the new file; where an epoch of the line is lost, it leaves a dropped entry.
/// </summary>
/// <param name="dropped">The epochs that were dropped before the repair, and the parent of each.</param>
internal sealed class Relations(IReadOnlyDictionary<EpochId, EpochId> dropped)
{
    private readonly SortedSet<EpochId> _salvaged = [];

    // The salvaged epoch that is described against this missing one, the last of several.
    private readonly Dictionary<EpochId, EpochId> _lastChild = [];

    /// <summary>Notes that an epoch is in the new file now.</summary>
    /// <param name="id">The epoch.</param>
    /// <param name="links">The missing epochs that link it to others.</param>
    public void Add(EpochId id, IReadOnlyList<(EpochId Id, EpochId Parent)> links)
    {
        _salvaged.Add(id);
        foreach ((EpochId missing, _) in links)
        {
            _lastChild[missing] = id;
        }
    }

    /// <summary>
    /// The salvaged epoch to describe a child of <paramref name="parent"/> against, and the missing ones in between, by ascending id, each with
    /// its parent. Null where there is none: a child of nobody shares with nobody.
    /// </summary>
    public EpochId? BaseFor(EpochId parent, out IReadOnlyList<(EpochId Id, EpochId Parent)> links)
    {
        SortedDictionary<EpochId, EpochId> missing = [];
        EpochId? relative = null;
        EpochId at = parent;
        while (at.Value != 0 && relative is null)
        {
            if (_salvaged.Contains(at))
            {
                relative = at;
            }
            else
            {
                missing[at] = ParentOfMissing(at);
                relative = _lastChild.TryGetValue(at, out EpochId sibling) ? sibling : null;
                at = missing[at];
            }
        }

        links = [.. missing.Select(pair => (pair.Key, pair.Value))];
        return relative;
    }

    /// <summary>The parent of an epoch that is dropped; of one that is lost, which nobody knows, the epoch before it that was salvaged.</summary>
    private EpochId ParentOfMissing(EpochId id)
    {
        if (dropped.TryGetValue(id, out EpochId parent) && parent < id && parent.Value >= 0)
        {
            return parent;
        }

        return _salvaged.GetViewBetween(default, new EpochId(id.Value - 1)).Max;
    }
}
