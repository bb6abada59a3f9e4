namespace PageStore.Checkpoint;

/// <summary>Measures how many bytes the nodes of a tree take, each node with the base that it is stored against.</summary>
internal static class TreeSize
{
    public static long Of(NodeReader nodes, TreeRoot tree, TreeKind kind) => OfNode(nodes, tree.Root, kind, tree.Height, 0);

    private static long OfNode(NodeReader nodes, Entry entry, TreeKind kind, int level, long number)
    {
        if (level == 0 || entry.Kind != EntryKind.Node)
        {
            return 0;
        }

        Node node = default;
        nodes.ReadWithBase(entry, kind, level, number, ref node);
        long bytes = entry.StoredBytes + (node.BaseEntry == entry ? 0 : node.BaseEntry.StoredBytes);
        for (int slot = 0; level > 1 && slot < TreeRoot.FanOut; slot++)
        {
            bytes += OfNode(nodes, node.Entries[slot], kind, level - 1, (number << TreeRoot.FanOutShift) + slot);
        }

        return bytes;
    }
}
