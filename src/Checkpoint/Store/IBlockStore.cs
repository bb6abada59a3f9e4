namespace PageStore.Checkpoint;

/// <summary>Where the blocks of one checkpoint file are that lie outside it. Thread-safe. Whoever opened it disposes it.</summary>
internal interface IBlockSource : IDisposable
{
    /// <summary>What messages call it.</summary>
    string Name { get; }

    /// <summary>Reads a block.</summary>
    /// <param name="hash">Its name.</param>
    /// <param name="plain">Receives the plain content, of exactly its length.</param>
    /// <returns>Whether there is such a block; if not, the content is unspecified. The content is not hashed: the caller has a sum of it.</returns>
    /// <exception cref="CorruptDataException">It is there and damaged.</exception>
    /// <exception cref="StorageException">The medium failed.</exception>
    bool TryRead(in BlockHash hash, Span<byte> plain);
}

/// <summary>
/// A store of blocks, as one addition to it sees it: the seam that an object store can fill. What is put is the addition's: it stays at least until the addition is dropped, and whatever
/// collects garbage meanwhile leaves it. For one thread.
/// </summary>
internal interface IBlockStore : IBlockSource
{
    /// <summary>Whether a block is there, or has been put.</summary>
    bool Contains(in BlockHash hash);

    /// <summary>Stores a block, or notes that this addition needs one that is there. Durable after the next <see cref="Flush"/>.</summary>
    /// <param name="hash">The SHA-256 of the content.</param>
    /// <param name="plain">The content, at most <see cref="Layout.MaxBlock"/>; copied.</param>
    /// <exception cref="StorageException">The medium failed or is full.</exception>
    void Put(in BlockHash hash, ReadOnlySpan<byte> plain);

    /// <summary>Returns when everything that was put survives a loss of power, and no collection takes it.</summary>
    /// <exception cref="StorageException">The medium failed or is full.</exception>
    void Flush();
}
