namespace PageStore.Checkpoint;

/// <summary>
/// Releases what one epoch alone reaches. An epoch shares its blocks with those linked to it by descent, in the same place of the tree, so it is enough to compare it with its nearest kept
/// neighbours, place by place. A block that pages in different places name is counted beside that, and freed with the last. For one thread.
/// </summary>
/// <param name="file">The file.</param>
/// <param name="nodes">Reads nodes: of the current root, or also those that are not in the file yet.</param>
/// <param name="dead">Takes what is free.</param>
internal sealed class EpochRemover(WritableFile file, NodeReader nodes, DeadRanges dead)
{
    private readonly OwnBlocks _own = new(nodes);

    private SharedBlocks Shares => file.Shares;

    private int Overhead => nodes.Blocks.Overhead;

    /// <summary>Bytes of the blocks that the epochs released had for whole pages, and that only patches of kept ones still need.</summary>
    public long PinnedBytes { get; private set; }

    /// <summary>Releases the blocks that only <paramref name="epoch"/> reaches.</summary>
    /// <param name="epoch">The epoch that goes.</param>
    /// <param name="neighbours">The kept epochs next to it, and on which side of it each stands.</param>
    /// <exception cref="CorruptDataException">A node is damaged, or the accounts are wrong.</exception>
    public void Remove(EpochRecord epoch, IReadOnlyList<(EpochRecord Epoch, int Side)> neighbours)
    {
        RemoveTable(epoch, neighbours);
        foreach (BlobRef blob in (IEnumerable<BlobRef>)[epoch.Written, epoch.Read, .. epoch.Sections.Select(section => section.Content)])
        {
            Remove(blob, epoch.Offset);
        }

        if (epoch.Pack is { } pack)
        {
            Remove(pack);
        }
    }

    /// <summary>Releases a resume pack, of which nothing else reaches any part.</summary>
    /// <inheritdoc cref="Remove(EpochRecord, IReadOnlyList{ValueTuple{EpochRecord, int}})" path="/exception"/>
    public void Remove(PackRef pack)
    {
        Remove(pack.Plan, 0);
        foreach (Extent extent in pack.Extents)
        {
            Release(extent.Offset, (int)extent.Length);
        }
    }

    /// <summary>Releases what only an epoch as it was reaches: its sets and most of its sections are kept by its new record.</summary>
    /// <param name="epoch">The epoch as it was.</param>
    /// <param name="version">The epoch as it is now, which stands in the place of the old one.</param>
    /// <param name="neighbours">The kept epochs next to it.</param>
    /// <inheritdoc cref="Remove(EpochRecord, IReadOnlyList{ValueTuple{EpochRecord, int}})" path="/exception"/>
    public void Replace(EpochRecord epoch, EpochRecord version, IReadOnlyList<EpochRecord> neighbours)
    {
        RemoveTable(epoch, [.. neighbours.Prepend(version).Select(neighbour => (neighbour, 0))]);
        foreach (StateSection section in epoch.Sections.Except(version.Sections))
        {
            Remove(section.Content, epoch.Offset);
        }
    }

    private void RemoveTable(EpochRecord epoch, IReadOnlyList<(EpochRecord Epoch, int Side)> neighbours)
    {
        _own.VisitTable(epoch, neighbours, new Releaser(this, file.Header.PageSize, null));
        Release(epoch.Offset, epoch.StoredBytes);
    }

    /// <summary>Nothing shares a byte string.</summary>
    private void Remove(BlobRef blob, long recordOffset) => _own.VisitBlob(blob, recordOffset, new Releaser(this, 0, blob.Length));

    private void ReleaseContent(Entry block, int plainBytes, bool isPage)
    {
        if (!isPage)
        {
            Release(block.Offset, block.BlockBytes(plainBytes, Overhead));
        }
        else if (Shares.Release(block.Offset))
        {
            file.ForgetContent(block);
            Release(block.Offset, block.BlockBytes(plainBytes, Overhead));
        }
    }

    private void Release(long offset, int bytes)
    {
        file.Segments.Release(offset, bytes);
        dead.Add(offset, bytes);
    }

    private sealed class Releaser(EpochRemover remover, int pageSize, long? blobLength) : IOwnBlockVisitor
    {
        public void VisitNode(Entry node) => remover.Release(node.Offset, node.StoredBytes);

        public void VisitContent(Entry block, long key)
        {
            int plain = blobLength is { } length ? (int)Math.Min(Layout.ChunkSize, length - (key * Layout.ChunkSize)) : pageSize;
            remover.ReleaseContent(block, plain, blobLength is null);
        }

        public void VisitPinned(Entry block) => remover.PinnedBytes += block.BlockBytes(pageSize, remover.Overhead);

        public void VisitJoined(Entry block, int more) => remover.Shares.Merge(block.Offset, more);
    }
}
