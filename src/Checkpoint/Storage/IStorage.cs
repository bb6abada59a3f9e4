namespace PageStore.Checkpoint;

/// <summary>
/// The medium under a checkpoint file: the seam at which tests put a twin that fails, tears and forgets. Reads may come from several
/// threads; writes come from one at a time.
/// </summary>
internal interface IStorage : IDisposable
{
    /// <summary>What messages call it: the path.</summary>
    string Name { get; }

    /// <summary>The length in bytes, asked anew each time: another process may have written.</summary>
    long Length { get; }

    /// <summary>Fills <paramref name="destination"/> from <paramref name="offset"/> on.</summary>
    /// <exception cref="CorruptDataException">The file ends before.</exception>
    /// <exception cref="StorageException">The medium failed.</exception>
    void Read(long offset, Span<byte> destination);

    /// <summary>Writes the parts one behind the other, in one system call where it goes.</summary>
    /// <exception cref="StorageException">The medium failed or is full; an unknown part was written.</exception>
    void Write(long offset, IReadOnlyList<ReadOnlyMemory<byte>> parts);

    /// <summary>Returns when everything written before is on the medium.</summary>
    /// <exception cref="StorageException">The medium failed; what it holds is not known.</exception>
    void Sync();
}
