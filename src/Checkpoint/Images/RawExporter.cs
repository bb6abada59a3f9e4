using Microsoft.Win32.SafeHandles;

namespace PageStore.Checkpoint;

/// <summary>
/// Writes an epoch as a raw image: the pages in order from page 0 on, absent ones as zeros, without any header. Memory use does not
/// grow with the guest. Thread-safe.
/// </summary>
public static class RawExporter
{
    /// <summary>Bytes read and written at once; writes below 1 MiB lose throughput on any disk.</summary>
    private const int ChunkBytes = 1 << 20;

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
        return ImageFile.Write(path, overwrite, file => WriteSparse(epoch, file.SafeFileHandle, progress, cancellationToken));
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
        byte[] zeros = new byte[ChunkBytes];
        long done = 0;
        long dataPages = CopyData(epoch, progress, cancellationToken, (offset, content) =>
        {
            WriteZeros(output, zeros, offset - done, cancellationToken);
            output.Write(content);
            done = offset + content.Length;
        });
        long length = LengthOf(epoch);
        WriteZeros(output, zeros, length - done, cancellationToken);
        output.Flush();
        return new ExportReport(epoch.Info, length, dataPages);
    }

    private delegate void WriteContent(long offset, ReadOnlySpan<byte> content);

    private static long LengthOf(Epoch epoch) => epoch.PageCount * epoch.PageSize;

    private static ExportReport WriteSparse(Epoch epoch, SafeFileHandle file, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        SetLength(file, LengthOf(epoch));
        long dataPages = CopyData(epoch, progress, cancellationToken, (offset, content) => RandomAccess.Write(file, content, offset));
        return new ExportReport(epoch.Info, LengthOf(epoch), dataPages);
    }

    private static void SetLength(SafeFileHandle file, long length)
    {
        try
        {
            RandomAccess.SetLength(file, length);
        }
        catch (ArgumentException cause)
        {
            // What the framework makes of EFBIG.
            throw new IOException($"{length} bytes are more than a file of this file system can have.", cause);
        }
    }

    /// <summary>Hands out the runs of data, ascending, at most a chunk at a time; returns how many pages they had.</summary>
    private static long CopyData(Epoch epoch, IProgress<long>? progress, CancellationToken cancellationToken, WriteContent write)
    {
        byte[] chunk = new byte[ChunkBytes];
        int chunkPages = ChunkBytes / epoch.PageSize;
        long dataPages = 0;
        foreach (PfnRun run in epoch.DataRuns())
        {
            for (Pfn pfn = run.First; pfn < run.End; pfn += chunkPages)
            {
                cancellationToken.ThrowIfCancellationRequested();
                int pages = (int)Math.Min(chunkPages, run.End - pfn);
                Span<byte> content = chunk.AsSpan(0, pages * epoch.PageSize);
                epoch.ReadPages(pfn, content);
                write(pfn.Value * epoch.PageSize, content);
                progress?.Report((pfn.Value + pages) * epoch.PageSize);
            }

            dataPages += run.Count;
        }

        return dataPages;
    }

    private static void WriteZeros(Stream output, byte[] zeros, long count, CancellationToken cancellationToken)
    {
        for (; count > 0; count -= zeros.Length)
        {
            cancellationToken.ThrowIfCancellationRequested();
            output.Write(zeros, 0, (int)Math.Min(count, zeros.Length));
        }
    }
}
