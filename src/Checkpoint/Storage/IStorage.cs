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

    /// <summary>How many bytes more the medium has room for, as far as it can tell; 0 where it cannot.</summary>
    long FreeBytes => 0;

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

    /// <summary>Cuts the file off behind <paramref name="length"/>, which is at most its length.</summary>
    /// <exception cref="StorageException">The medium failed.</exception>
    void Truncate(long length);

    /// <summary>
    /// Gives the space of a range back to the medium; the range reads as zeros from then on. False where the medium cannot, which
    /// leaves the range as it is.
    /// </summary>
    /// <exception cref="StorageException">The medium failed.</exception>
    bool TryPunch(long offset, long length) => false;

    /// <summary>
    /// As <see cref="Read"/>, but from the medium itself: after a failed sync a cache may hold what the medium does not.
    /// </summary>
    /// <exception cref="CorruptDataException">The file ends before.</exception>
    /// <exception cref="StorageException">The medium failed.</exception>
    void ReadMedium(long offset, Span<byte> destination) => Read(offset, destination);

    /// <summary>
    /// Names the run of the host whose cache stands between the writes and the medium: as long as it is the same, writes
    /// that were not synced have not been lost.
    /// </summary>
    Guid HostRun => Guid.Empty;

    /// <summary>
    /// Takes a lease: tells writers that somebody reads the root of this sequence through this storage, until it is released
    /// or the storage, or its process, ends. False where the medium knows no such thing.
    /// </summary>
    bool TryHold(long sequence) => false;

    /// <summary>Gives a lease back.</summary>
    void Release(long sequence)
    {
    }

    /// <summary>
    /// The lowest sequence on which somebody else has a lease, or <paramref name="limit"/> if there is none below it. 0, the
    /// cautious answer, where the medium cannot tell.
    /// </summary>
    long OldestHeld(long limit) => 0;
}
