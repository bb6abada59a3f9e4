using System.Runtime.CompilerServices;

namespace PageStore;

/// <summary>A node above the frames of 64 blocks. An empty slot is a block of zeros, and no frame is one.</summary>
internal sealed class LeafNode : ImageNode
{
    private Blocks _blocks;

    /// <summary>The claim in a slot.</summary>
    public ref FrameLease this[int slot] => ref _blocks[slot];

    /// <inheritdoc/>
    public override void Release(PageFramePool pool)
    {
        FrameLease.DisposeAll(pool.Slabs, _blocks);
        pool.Nodes.Give(this);
    }

    /// <inheritdoc/>
    protected override ImageNode CopySlots(PageFramePool pool)
    {
        LeafNode copy = pool.Nodes.TakeLeaf();
        for (int slot = 0; slot < Slots; slot++)
        {
            _blocks[slot].ShareInto(pool.Slabs, ref copy._blocks[slot]);
        }

        return copy;
    }

    [InlineArray(Slots)]
    private struct Blocks
    {
        private FrameLease _first;
    }
}
