namespace PageStore.Checkpoint;

/// <summary>
/// Writes an epoch as a raw image: the pages in order from page 0 on, absent ones as zeros, without any header. An epoch of a disk has the length of the disk, which may end within
/// a page. Memory use does not grow with the guest. Thread-safe.
/// </summary>
public static class RawExporter
{
    /// <summary>
    /// Writes a sparse file: absent and zero pages are holes. It is written under a temporary name beside its own, synced and then
    /// renamed, so that the name never stands for half an image. Only its owner can read it: a guest's memory holds its secrets. A block device is written in place, zeros included, and synced;
    /// what it has behind the image stays.
    /// </summary>
    /// <param name="epoch">The epoch.</param>
    /// <param name="path">The image, or a block device that nobody uses. A symbolic link is followed.</param>
    /// <param name="overwrite">Whether to replace a file of that name, or what a device holds.</param>
    /// <param name="progress">Told after each chunk how many bytes of the image are done.</param>
    /// <param name="cancellationToken">Ends the export; nothing of it stays.</param>
    /// <exception cref="CorruptDataException">A page of the epoch is damaged; nothing of the image stays, but on a device.</exception>
    /// <exception cref="StorageException">The image exists, is neither a regular file nor a block device, or cannot be written; the device is in use or too small.</exception>
    /// <exception cref="OperationCanceledException">The export was cancelled; a device then has a part of the image.</exception>
    public static ExportReport ToFile(
        Epoch epoch, string path, bool overwrite = false, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(epoch);
        ArgumentException.ThrowIfNullOrEmpty(path);
        long length = LengthOf(epoch);
        return BlockDevice.IsOne(path)
            ? ImageDevice.Write(path, overwrite, length, device => Write(epoch, SparseOutput.OfStream(device, length), length, progress, cancellationToken))
            : ImageFile.Write(path, overwrite, file => Write(epoch, SparseOutput.OfNewFile(file, length), length, progress, cancellationToken));
    }

    /// <summary>Writes the image into a stream, zeros included.</summary>
    /// <param name="epoch">The epoch.</param>
    /// <param name="output">Where it goes; stays the caller's to dispose.</param>
    /// <param name="progress">Told after each chunk how many bytes of the image are done.</param>
    /// <param name="cancellationToken">Ends the export; what was written stays written.</param>
    /// <exception cref="CorruptDataException">A page of the epoch is damaged; the pages before it have been written.</exception>
    /// <exception cref="StorageException">The checkpoint file could not be read.</exception>
    /// <exception cref="IOException">The stream could not be written.</exception>
    /// <exception cref="OperationCanceledException">The export was cancelled.</exception>
    public static ExportReport ToStream(Epoch epoch, Stream output, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(epoch);
        ArgumentNullException.ThrowIfNull(output);
        long length = LengthOf(epoch);
        ExportReport report = Write(epoch, SparseOutput.OfStream(output, length), length, progress, cancellationToken);
        output.Flush();
        return report;
    }

    /// <summary>How long the raw image of an epoch is.</summary>
    /// <param name="epoch">The epoch.</param>
    /// <exception cref="CorruptDataException">What the epoch says of its disk is damaged.</exception>
    public static long LengthOf(Epoch epoch)
    {
        ArgumentNullException.ThrowIfNull(epoch);
        return DiskInfo.TryRead(epoch)?.Length ?? epoch.PageCount * epoch.PageSize;
    }

    private static ExportReport Write(Epoch epoch, SparseOutput output, long length, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        using var writer = new PageRunWriter(epoch, output, progress, cancellationToken);
        writer.Write(new PfnRun(new Pfn(0), epoch.PageCount));
        return new ExportReport(epoch.Info, length, writer.DataPages);
    }
}
