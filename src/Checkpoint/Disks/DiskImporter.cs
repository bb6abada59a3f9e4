namespace PageStore.Checkpoint;

/// <summary>
/// Brings a disk into a checkpoint file as an epoch: its pages are ranges of it. Into a file with epochs goes what differs from the newest one: found by comparison, or, where the source has a bitmap of
/// changes and the newest epoch names it, by reading only what that says. Holes become zero pages without being read. Memory use is two bits a page and a few megabytes. Thread-safe for different files
/// and disks.
/// </summary>
/// <remarks>
/// <para>A bitmap tells what was written since it began to record, and no source says when that was. The chain is the caller's: at the moment that an epoch shows, a bitmap must begin to record (or have
/// recorded already), without a write in between; its name is <see cref="DiskImportOptions.NextBitmap"/> of that epoch, and <see cref="IDiskImage.Bitmap"/> of the next import. Where the newest epoch names another
/// one, or none, or is another disk's, the whole disk is compared, and <see cref="DiskImportReport.WhyWhole"/> says why. A name that is used once only makes that safe.</para>
/// </remarks>
public static class DiskImporter
{
    /// <summary>
    /// Imports into a checkpoint file by name: creates it, or appends an epoch. A file that this call created is removed again when the import fails or is cancelled.
    /// </summary>
    /// <param name="disk">The disk, which stands still meanwhile. Stays the caller's to dispose, and cannot be read any more after a failure.</param>
    /// <param name="path">The checkpoint file.</param>
    /// <param name="writerOptions">How to create or open it; null stands for the defaults.</param>
    /// <param name="options">Null stands for the defaults.</param>
    /// <param name="progress">Told now and then up to which byte of the disk all is done.</param>
    /// <param name="cancellationToken">Ends the import; nothing of it is committed then.</param>
    /// <exception cref="CorruptDataException">The source breaks the rules of its protocol, its bitmap is found to be wrong, or the checkpoint file is damaged.</exception>
    /// <exception cref="UnsupportedException">The disk has more pages than the options allow.</exception>
    /// <exception cref="WrongKeyException">The key of the options is not that of the file.</exception>
    /// <exception cref="StorageException">The file cannot be created, opened or written, or the source failed; or a root is expected and there is no file.</exception>
    /// <exception cref="OperationCanceledException">The import was cancelled.</exception>
    public static async Task<DiskImportReport> ImportAsync(
        IDiskImage disk,
        string path,
        CheckpointWriterOptions? writerOptions = null,
        DiskImportOptions? options = null,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(disk);
        return await ImportFile.RunAsync(path, writerOptions, writer => ImportIntoAsync(disk, writer, options, progress, cancellationToken)).ConfigureAwait(false);
    }

    /// <summary>As <see cref="ImportAsync"/>, into a file that is open already.</summary>
    /// <param name="disk">The disk, which stands still meanwhile. Stays the caller's to dispose, and cannot be read any more after a failure.</param>
    /// <param name="writer">The file; no epoch may be under way.</param>
    /// <param name="options">Null stands for the defaults.</param>
    /// <param name="progress">Told now and then up to which byte of the disk all is done.</param>
    /// <param name="cancellationToken">Ends the import; nothing of it is committed then.</param>
    /// <exception cref="CorruptDataException">The source breaks the rules of its protocol, its bitmap is found to be wrong, or the newest epoch is damaged.</exception>
    /// <exception cref="UnsupportedException">The disk has more pages than the options allow.</exception>
    /// <exception cref="StorageException">The file cannot be written, and the writer is poisoned; or the source failed.</exception>
    /// <exception cref="OperationCanceledException">The import was cancelled.</exception>
    public static async Task<DiskImportReport> ImportIntoAsync(
        IDiskImage disk, CheckpointWriter writer, DiskImportOptions? options = null, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(disk);
        ArgumentNullException.ThrowIfNull(writer);
        options ??= new();
        options.Validate();
        using var import = new DiskImport(disk, writer, options, progress, cancellationToken);
        return await import.RunAsync().ConfigureAwait(false);
    }
}
