using System.Runtime.CompilerServices;

namespace PageStore;

/// <summary>A node above nodes. What is below an empty slot is zero.</summary>
internal sealed class InnerNode : ImageNode
{
    private Children _children;

    /// <summary>The claim in a slot.</summary>
    public ref NodeLease this[int slot] => ref _children[slot];

    /// <inheritdoc/>
    public override void Release(PageFramePool pool)
    {
        foreach (ref NodeLease child in (Span<NodeLease>)_children)
        {
            child.Dispose(pool);
        }

        pool.Nodes.Give(this);
    }

    /// <inheritdoc/>
    protected override ImageNode CopySlots(PageFramePool pool)
    {
        InnerNode copy = pool.Nodes.TakeInner();
        for (int slot = 0; slot < Slots; slot++)
        {
            _children[slot].ShareInto(ref copy._children[slot]);
        }

        return copy;
    }

    [InlineArray(Slots)]
    private struct Children
    {
        private NodeLease _first;
    }
}
