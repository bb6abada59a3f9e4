namespace PageStore;

/// <summary>
/// One owner's claim to one node; the default is none. It stays where it is, in an image or in a slot of a node above, as a <see cref="FrameLease"/> does, and to dispose it takes it out of there.
/// </summary>
internal struct NodeLease
{
    private ImageNode? _node;

    /// <summary>The node, to be read as long as the claim lasts; null where there is none.</summary>
    public readonly ImageNode? Node => _node;

    /// <summary>
    /// The node, for its image alone: made where there is none, and copied where others own it too. The claim must be reached through nodes that were had in this way.
    /// </summary>
    /// <param name="pool">Where nodes come from.</param>
    /// <param name="leaf">Of which kind it is.</param>
    public ImageNode Own(PageFramePool pool, bool leaf)
    {
        ImageNode? shared = _node;
        if (shared is null)
        {
            return _node = leaf ? pool.Nodes.TakeLeaf() : pool.Nodes.TakeInner();
        }

        if (shared.Owners == 1)
        {
            return shared;
        }

        // The copy has its claims before the node is let go: between the two nobody can become the only owner of what is below.
        ImageNode copy = shared.Copy(pool);
        _node = copy;
        Drop(shared, pool);
        return copy;
    }

    /// <summary>Makes one more claim to the same node.</summary>
    /// <param name="target">Where the claim goes: an empty lease.</param>
    public readonly void ShareInto(ref NodeLease target)
    {
        if (target._node is not null)
        {
            throw new InvalidOperationException("A lease was to be written over, and its node would be lost. An image was used by two threads at once.");
        }

        _node?.AddOwner();
        target._node = _node;
    }

    /// <summary>Gives up the claim, if there is one, and with the last one all that is below. Costs what nobody else owns.</summary>
    public void Dispose(PageFramePool pool)
    {
        if (Interlocked.Exchange(ref _node, null) is { } node)
        {
            Drop(node, pool);
        }
    }

    private static void Drop(ImageNode node, PageFramePool pool)
    {
        if (node.DropOwner())
        {
            node.Release(pool);
        }
    }
}
