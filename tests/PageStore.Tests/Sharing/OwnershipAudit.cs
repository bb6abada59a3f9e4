using Xunit;

namespace PageStore.Tests.Sharing;

/// <summary>Counts every claim that the images of a pool have, and compares that with what the pool, the nodes and the frames say. Nobody may use the images meanwhile.</summary>
internal sealed class OwnershipAudit
{
    private readonly PageFramePool _pool;
    private readonly Dictionary<ImageNode, int> _nodes = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<(FrameSlab Slab, int Frame), int> _frames = [];

    private OwnershipAudit(PageFramePool pool) => _pool = pool;

    /// <summary>Checks a pool of which these are all images.</summary>
    public static void Check(PageFramePool pool, IReadOnlyCollection<MemoryImage> images)
    {
        var audit = new OwnershipAudit(pool);
        foreach (MemoryImage image in images)
        {
            audit.Visit(image.Root);
        }

        foreach ((ImageNode node, int claims) in audit._nodes)
        {
            Assert.Equal(claims, node.Owners);
        }

        foreach (((FrameSlab slab, int frame), int claims) in audit._frames)
        {
            Assert.Equal(claims, slab.Owners(frame));
            Assert.True(slab.Bytes(frame).ContainsAnyExcept((byte)0), "A block of zeros has a frame.");
        }

        PageFrameStatistics held = pool.GetStatistics();
        Assert.Equal((images.Count, audit._nodes.Count, audit._frames.Count), (held.Images, held.Nodes, held.Frames));
        Assert.Equal(held.Frames * pool.BlockSize, held.FrameBytes);
        Assert.InRange(held.SlabBytes, held.FrameBytes, long.MaxValue);
    }

    private void Visit(ImageNode? node)
    {
        if (node is null || !Count(_nodes, node))
        {
            return;
        }

        for (int slot = 0; slot < ImageNode.Slots; slot++)
        {
            if (node is InnerNode inner)
            {
                Visit(inner[slot].Node);
            }
            else if (!((LeafNode)node)[slot].IsEmpty)
            {
                FrameSlab slab = ((LeafNode)node)[slot].Locate(_pool.Slabs, out int frame);
                Count(_frames, (slab, frame));
            }
        }
    }

    /// <summary>Counts a claim; true for the first to that thing.</summary>
    private static bool Count<T>(Dictionary<T, int> claims, T thing)
        where T : notnull
    {
        claims.TryGetValue(thing, out int before);
        claims[thing] = before + 1;
        return before == 0;
    }
}
