namespace PageStore.Checkpoint;

/// <summary>
/// The content of a disk at one moment, as a source of epochs: a raw image, a block device, an export of an NBD server, or what another hypervisor has. Whoever reads it sees to it that it stands still
/// meanwhile. Not thread-safe: one caller at a time. Whoever opened it disposes it.
/// </summary>
public interface IDiskImage : IAsyncDisposable
{
    /// <summary>What messages call it.</summary>
    string Name { get; }

    /// <summary>What the source calls the disk. A bitmap is only trusted beside an epoch of the same name.</summary>
    string Export { get; }

    /// <summary>The bitmap whose changes <see cref="ReadExtentsAsync"/> tells; null where the source knows none.</summary>
    string? Bitmap { get; }

    /// <summary>The length of the disk in bytes, 1 or more.</summary>
    long Length { get; }

    /// <summary>Reads begin and end at multiples of this many bytes, or at the end of the disk: a power of two up to 65536.</summary>
    int Alignment { get; }

    /// <summary>The most bytes of one read, at least 65536.</summary>
    int MaxReadBytes { get; }

    /// <summary>
    /// Tells where the disk has data, and, with a <see cref="Bitmap"/>, where it changed. Extents of one kind may touch and overlap, and those of the two kinds come in any order. No read may be under way.
    /// </summary>
    /// <param name="cancellationToken">Ends the telling.</param>
    /// <exception cref="CorruptDataException">The source contradicts itself, or the rules of its protocol.</exception>
    /// <exception cref="StorageException">The source failed.</exception>
    IAsyncEnumerable<DiskExtent> ReadExtentsAsync(CancellationToken cancellationToken = default);

    /// <summary>Begins a read. At most 16 may be under way. They end in the order in which they began.</summary>
    /// <param name="offset">Where to read.</param>
    /// <param name="destination">What to fill; belongs to the source until the read has ended. Within the disk, and up to <see cref="MaxReadBytes"/>.</param>
    /// <param name="cancellationToken">Ends the waiting; the source cannot be read any more then.</param>
    /// <exception cref="StorageException">The source failed.</exception>
    ValueTask BeginReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken = default);

    /// <summary>Ends the oldest read: its destination has been filled when this returns.</summary>
    /// <param name="cancellationToken">Ends the waiting; the source cannot be read any more then.</param>
    /// <exception cref="CorruptDataException">The source broke the rules of its protocol.</exception>
    /// <exception cref="StorageException">The source failed.</exception>
    /// <exception cref="InvalidOperationException">No read is under way.</exception>
    ValueTask EndReadAsync(CancellationToken cancellationToken = default);
}
