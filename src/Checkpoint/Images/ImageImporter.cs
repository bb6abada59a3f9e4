using System.IO.Pipelines;

namespace PageStore.Checkpoint;

/// <summary>
/// Brings an image of a guest into a checkpoint file as an epoch: a file of <c>xl save</c>, a bare libxl or libxc stream, a file of <c>xl dump-core</c>, or raw
/// memory, told apart by the first bytes. A checkpointed stream, as Remus sends it, becomes one epoch for each checkpoint, committed before more is read. The image is streamed: memory use does not grow with the guest, but for two bits a page.
/// Everything of a Xen stream that is no page is kept in state sections, see <see cref="XenSections"/>. Thread-safe for different
/// files and writers.
/// </summary>
public static class ImageImporter
{
    /// <summary>Bytes read ahead of the importer: enough to hide a read behind the checksums of the pages before it.</summary>
    private const int ReadAhead = 4 << 20;

    /// <summary>Bytes asked of the image at once; reads below 64 KiB lose throughput to system calls.</summary>
    private const int ReadSize = 256 << 10;

    /// <summary>
    /// Imports into a checkpoint file by name: creates it, or appends an epoch that holds only the pages that differ from its newest
    /// one. A file that this call created is removed again when the import fails or is cancelled before anything was committed; otherwise it keeps
    /// what was committed.
    /// </summary>
    /// <param name="image">The image, read from its position to its end. Stays the caller's to dispose. After a cancellation one read of it may still be pending.</param>
    /// <param name="path">The checkpoint file.</param>
    /// <param name="writerOptions">How to create or open it; null stands for the defaults. The page size must be 4096 for Xen streams.</param>
    /// <param name="options">Null stands for the defaults.</param>
    /// <param name="progress">Told now and then how many pages have been read of the image.</param>
    /// <param name="cancellationToken">Ends the import; nothing more of it is committed then.</param>
    /// <exception cref="CorruptDataException">The image or the checkpoint file is damaged.</exception>
    /// <exception cref="UnsupportedException">The image is of a kind that is not imported, or beyond the limits.</exception>
    /// <exception cref="WrongKeyException">The key of the options is not that of the file.</exception>
    /// <exception cref="StorageException">The file cannot be created, opened or written; or a root is expected and there is no file.</exception>
    /// <exception cref="IOException">The image could not be read.</exception>
    /// <exception cref="OperationCanceledException">The import was cancelled.</exception>
    public static async Task<ImportReport> ImportAsync(
        Stream image,
        string path,
        CheckpointWriterOptions? writerOptions = null,
        ImportOptions? options = null,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        return await ImportFile.RunAsync(path, writerOptions, writer => ImportIntoAsync(image, writer, options, progress, cancellationToken)).ConfigureAwait(false);
    }

    /// <summary>As <see cref="ImportAsync(Stream, string, CheckpointWriterOptions?, ImportOptions?, IProgress{long}?, CancellationToken)"/>, into a file that is open already.</summary>
    /// <param name="image">The image, read from its position to its end. Stays the caller's to dispose. After a cancellation one read of it may still be pending.</param>
    /// <param name="writer">The file; no epoch may be under way.</param>
    /// <param name="options">Null stands for the defaults.</param>
    /// <param name="progress">Told now and then how many pages have been read of the image.</param>
    /// <param name="cancellationToken">Ends the import; nothing more of it is committed then.</param>
    /// <exception cref="CorruptDataException">The image is damaged, or the newest epoch.</exception>
    /// <exception cref="UnsupportedException">The image is of a kind that is not imported, or beyond the limits.</exception>
    /// <exception cref="StorageException">The file cannot be written; the writer is poisoned.</exception>
    /// <exception cref="IOException">The image could not be read.</exception>
    /// <exception cref="OperationCanceledException">The import was cancelled.</exception>
    public static async Task<ImportReport> ImportIntoAsync(
        Stream image,
        CheckpointWriter writer,
        ImportOptions? options = null,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(writer);
        options ??= new();
        if (image.CanSeek && new DumpCoreInput(image) is var dump && await dump.IsDumpCoreAsync(cancellationToken).ConfigureAwait(false))
        {
            return await ImportDumpAsync(dump, writer, options, progress, cancellationToken).ConfigureAwait(false);
        }

        PipeReader reader = StreamPump.Start(image, ReadAhead, ReadSize);
        try
        {
            ImageFormat format = await ImageFormats.DetectAsync(reader, cancellationToken).ConfigureAwait(false);
            using var sink = new ImportSink(writer, format, options, progress, cancellationToken);
            XenStreamSummary? read = await ReadAsync(format, reader, sink, writer, options, cancellationToken).ConfigureAwait(false);
            return ReportOf(sink, format, writer, read);
        }
        finally
        {
            await reader.CompleteAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Reads a dump into an epoch.</summary>
    internal static async ValueTask ReadDumpAsync(DumpCoreInput dump, ImportSink sink, CheckpointWriter writer, ImportOptions options, CancellationToken cancellationToken)
    {
        CheckPageSize(writer);
        await DumpCoreReader.ReadAsync(dump, sink, options.Stream, cancellationToken).ConfigureAwait(false);
        sink.Commit();
    }

    private static async Task<ImportReport> ImportDumpAsync(
        DumpCoreInput dump, CheckpointWriter writer, ImportOptions options, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        using var sink = new ImportSink(writer, ImageFormat.DumpCore, options, progress, cancellationToken);
        await ReadDumpAsync(dump, sink, writer, options, cancellationToken).ConfigureAwait(false);
        return ReportOf(sink, ImageFormat.DumpCore, writer, read: null);
    }

    private static ImportReport ReportOf(ImportSink sink, ImageFormat format, CheckpointWriter writer, XenStreamSummary? read) =>
        new(sink.Last!, format, writer.PageSize, sink.Bytes)
        {
            Epochs = sink.Committed,
            IsCutOff = read is { IsCutOff: true },
            RecordsDropped = read?.RecordsDropped ?? 0,
            RootHash = CheckpointKey.IsSupported ? writer.RootHash : null,
        };

    private static void CheckPageSize(CheckpointWriter writer)
    {
        if (writer.PageSize != PageSizes.Default)
        {
            throw new UnsupportedException($"What Xen saves has pages of {PageSizes.Default} bytes, and the checkpoint file has pages of {writer.PageSize}. Import it into a file of its own.");
        }
    }

    /// <summary>Reads the image to its end; says what a Xen stream had, null for a raw image.</summary>
    internal static async ValueTask<XenStreamSummary?> ReadAsync(
        ImageFormat format, PipeReader reader, ImportSink sink, CheckpointWriter writer, ImportOptions options, CancellationToken cancellationToken)
    {
        if (format == ImageFormat.Raw)
        {
            long pages = await RawImageReader.ReadAsync(reader, sink, writer.PageSize, options.Stream.MaxPageCount, cancellationToken).ConfigureAwait(false);
            if (pages == 0)
            {
                // What a pipe delivers whose other end failed; as an epoch it would say that the guest lost all its memory.
                throw new CorruptDataException("The image is empty. Look for an error of what was to deliver it.") { Offset = 0 };
            }

            sink.Commit();
            return null;
        }

        if (format == ImageFormat.DumpCore)
        {
            throw new UnsupportedException("This is a file of xl dump-core, in which the numbers of the pages stand behind the pages. Give the file itself, not a pipe.");
        }

        CheckPageSize(writer);
        XenStreamSummary summary = await XenStreamReader.ReadAsync(reader, sink, options.Stream, cancellationToken).ConfigureAwait(false);
        if (!summary.EndsAtCheckpoint && !summary.IsCutOff)
        {
            sink.Commit();
        }

        return summary;
    }
}
