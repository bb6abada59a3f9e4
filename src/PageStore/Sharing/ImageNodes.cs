using Microsoft.Extensions.ObjectPool;

namespace PageStore;

/// <summary>
/// The nodes of a pool's images. They live as long as a fork, too long for the collector's youngest generation, and a fork that is dropped leaves as many as the next one needs: so they are pooled. Thread-safe.
/// </summary>
internal sealed class ImageNodes
{
    /// <summary>How many nodes of each kind are kept: leaves of 296 bytes and inner nodes of 552, so at most 1.7 of the 2 MiB of a slab.</summary>
    private const int Kept = 2048;

    private readonly ObjectPool<LeafNode> _leaves = new DefaultObjectPool<LeafNode>(new DefaultPooledObjectPolicy<LeafNode>(), Kept);
    private readonly ObjectPool<InnerNode> _inner = new DefaultObjectPool<InnerNode>(new DefaultPooledObjectPolicy<InnerNode>(), Kept);
    private long _used;

    /// <summary>How many are in use.</summary>
    public long Used => Volatile.Read(ref _used);

    /// <summary>An empty leaf with one owner.</summary>
    public LeafNode TakeLeaf() => Begin(_leaves.Get());

    /// <summary>An empty inner node with one owner.</summary>
    public InnerNode TakeInner() => Begin(_inner.Get());

    /// <summary>Puts back a node that nobody owns, with empty slots.</summary>
    public void Give(LeafNode node)
    {
        Interlocked.Decrement(ref _used);
        _leaves.Return(node);
    }

    /// <summary>Puts back a node that nobody owns, with empty slots.</summary>
    public void Give(InnerNode node)
    {
        Interlocked.Decrement(ref _used);
        _inner.Return(node);
    }

    private T Begin<T>(T node)
        where T : ImageNode
    {
        node.Begin();
        Interlocked.Increment(ref _used);
        return node;
    }
}
