namespace PageStore.Checkpoint;

/// <summary>
/// Writes an epoch as a raw image: the pages in order from page 0 on, absent ones as zeros, without any header. Memory use does not
/// grow with the guest. Thread-safe.
/// </summary>
public static class RawExporter
{
    /// <summary>
    /// Writes a sparse file: absent and zero pages are holes. It is written under a temporary name beside its own, synced and then
    /// renamed, so that the name never stands for half an image. Only its owner can read it: a guest's memory holds its secrets.
    /// </summary>
    /// <param name="epoch">The epoch.</param>
    /// <param name="path">The image. A symbolic link is followed.</param>
    /// <param name="overwrite">Whether to replace a file of that name.</param>
    /// <param name="progress">Told after each chunk how many bytes of the image are done.</param>
    /// <param name="cancellationToken">Ends the export; nothing of it stays.</param>
    /// <exception cref="CorruptDataException">A page of the epoch is damaged; nothing of the image stays.</exception>
    /// <exception cref="StorageException">The image exists, is no regular file, or cannot be written.</exception>
    /// <exception cref="OperationCanceledException">The export was cancelled.</exception>
    public static ExportReport ToFile(
        Epoch epoch, string path, bool overwrite = false, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(epoch);
        ArgumentException.ThrowIfNullOrEmpty(path);
        return ImageFile.Write(path, overwrite, file => Write(epoch, SparseOutput.Of(file, LengthOf(epoch)), progress, cancellationToken));
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
        ExportReport report = Write(epoch, SparseOutput.Of(output), progress, cancellationToken);
        output.Flush();
        return report;
    }

    private static long LengthOf(Epoch epoch) => epoch.PageCount * epoch.PageSize;

    private static ExportReport Write(Epoch epoch, SparseOutput output, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        using var writer = new PageRunWriter(epoch, output, progress, cancellationToken);
        writer.Write(new PfnRun(new Pfn(0), epoch.PageCount));
        return new ExportReport(epoch.Info, LengthOf(epoch), writer.DataPages);
    }
}
