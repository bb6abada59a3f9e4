namespace PageStore.Checkpoint;

/// <summary>A pack that nobody appends to any more.</summary>
internal readonly record struct SealedPack(long Number, long Domain, long Length);

/// <summary>Reads the live blocks of a pack, batch by batch, one behind the other.</summary>
internal sealed class PackWalk(PackFiles files, StoreDatabase database, SealedPack pack)
{
    private readonly byte[] _head = new byte[PackBlock.HeadSize];
    private long _offset = PackHeader.Size;

    /// <summary>The blocks of the present batch, each with its head: what it is called, where it stands, its bytes.</summary>
    public List<(BlockHash Hash, long Offset, ReadOnlyMemory<byte> Bytes)> Batch { get; } = [];

    /// <summary>Reads the next live blocks; false where there are no more, or where no head can be read.</summary>
    /// <param name="atMost">How many bytes, or one block.</param>
    public bool NextBatch(int atMost)
    {
        Batch.Clear();
        for (long bytes = 0; bytes < atMost && TryReadHead() is { } head; _offset += head.TotalBytes)
        {
            if (database.Find(pack.Domain, head.Hash) is { } place && place.Pack == pack.Number && place.Offset == _offset)
            {
                byte[] block = new byte[head.TotalBytes];
                if (!files.TryReadBytes(pack.Number, _offset, block))
                {
                    break;
                }

                Batch.Add((head.Hash, _offset, block));
                bytes += block.Length;
            }
        }

        return Batch.Count > 0;
    }

    /// <summary>Null behind the last whole block, and where the head of one is damaged.</summary>
    private PackBlock? TryReadHead() =>
        _offset + PackBlock.HeadSize <= pack.Length && files.TryReadBytes(pack.Number, _offset, _head)
        && PackBlock.TryRead(_head) is { } head && _offset + head.TotalBytes <= pack.Length ? head : null;
}
