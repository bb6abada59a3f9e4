namespace PageStore.Checkpoint;

/// <summary>
/// Writes an epoch as a memory dump for readers elsewhere: the pages that the guest has, zero ones included, each run with its physical address. Memory use
/// does not grow with the guest. Thread-safe.
/// </summary>
public static class DumpExporter
{
    /// <summary>Writes a sparse file, as <see cref="RawExporter.ToFile"/> does: never half of it, and for its owner only.</summary>
    /// <param name="epoch">The epoch.</param>
    /// <param name="path">The file. A symbolic link is followed.</param>
    /// <param name="format">What to write.</param>
    /// <param name="overwrite">Whether to replace a file of that name.</param>
    /// <param name="progress">Told after each chunk how many bytes of the guest are done.</param>
    /// <param name="cancellationToken">Ends the export; nothing of it stays.</param>
    /// <exception cref="CorruptDataException">A page of the epoch is damaged; nothing of the file stays.</exception>
    /// <exception cref="StorageException">The file exists, is no regular file, or cannot be written.</exception>
    /// <exception cref="OperationCanceledException">The export was cancelled.</exception>
    public static ExportReport ToFile(
        Epoch epoch, string path, DumpFormat format, bool overwrite = false, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(epoch);
        ArgumentException.ThrowIfNullOrEmpty(path);
        var layout = DumpLayout.Of(epoch, format);
        return ImageFile.Write(path, overwrite, file => Write(epoch, layout, SparseOutput.OfNewFile(file, layout.Length), progress, cancellationToken));
    }

    /// <summary>Writes the dump into a stream.</summary>
    /// <param name="epoch">The epoch.</param>
    /// <param name="output">Where it goes; stays the caller's to dispose.</param>
    /// <param name="format">What to write.</param>
    /// <param name="progress">Told after each chunk how many bytes of the guest are done.</param>
    /// <param name="cancellationToken">Ends the export; what was written stays written.</param>
    /// <exception cref="CorruptDataException">A page of the epoch is damaged; the pages before it have been written.</exception>
    /// <exception cref="StorageException">The checkpoint file could not be read.</exception>
    /// <exception cref="IOException">The stream could not be written.</exception>
    /// <exception cref="OperationCanceledException">The export was cancelled.</exception>
    public static ExportReport ToStream(
        Epoch epoch, Stream output, DumpFormat format, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(epoch);
        ArgumentNullException.ThrowIfNull(output);
        DumpLayout layout = DumpLayout.Of(epoch, format);
        ExportReport report = Write(epoch, layout, SparseOutput.OfStream(output, layout.Length), progress, cancellationToken);
        output.Flush();
        return report;
    }

    private static ExportReport Write(Epoch epoch, DumpLayout layout, SparseOutput output, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        layout.WriteFront(output, cancellationToken);
        using var writer = new PageRunWriter(epoch, output, progress, cancellationToken);
        foreach (PfnRun run in epoch.PresentRuns())
        {
            layout.WriteRunHeader(output, run);
            writer.Write(run);
        }

        return new ExportReport(epoch.Info, layout.Length, writer.DataPages);
    }
}
