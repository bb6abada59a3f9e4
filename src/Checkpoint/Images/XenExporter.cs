using System.IO.Pipelines;

namespace PageStore.Checkpoint;

/// <summary>
/// Writes an epoch as a stream that Xen restores a guest from: what its sections hold byte for byte, and between them all pages, ascending, in
/// records of at most 1024 that end at multiples of 1024, so that superpages can be made of them. Holes are left out: Xen takes pages that
/// are not mentioned for none. A suspend image of XAPI is also made of an epoch that was none, if the guest has no device model. Memory use does not grow with the guest. Thread-safe.
/// The format: docs/specs/libxc-migration-stream of Xen.
/// </summary>
public static class XenExporter
{
    /// <summary>Writes a file, as <see cref="RawExporter.ToFile"/> does: never half of it, and for its owner only.</summary>
    /// <param name="epoch">The epoch.</param>
    /// <param name="path">The file. A symbolic link is followed.</param>
    /// <param name="options">Null stands for the defaults.</param>
    /// <param name="overwrite">Whether to replace a file of that name.</param>
    /// <param name="progress">Told after each record how many bytes of the guest are done.</param>
    /// <param name="cancellationToken">Ends the export; nothing of it stays.</param>
    /// <exception cref="UnsupportedException">The epoch holds nothing of such a stream, or is not restorable.</exception>
    /// <exception cref="CorruptDataException">A page or a section of the epoch is damaged; nothing of the file stays.</exception>
    /// <exception cref="StorageException">The file exists, is no regular file, or cannot be written.</exception>
    /// <exception cref="OperationCanceledException">The export was cancelled.</exception>
    public static ExportReport ToFile(
        Epoch epoch, string path, XenExportOptions? options = null, bool overwrite = false, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(epoch);
        ArgumentException.ThrowIfNullOrEmpty(path);
        return ImageFile.Write(path, overwrite, file => ToPipeAsync(epoch, PipeWriter.Create(file), options, progress, cancellationToken).GetAwaiter().GetResult());
    }

    /// <summary>Writes the stream into a pipe, which it flushes and does not complete.</summary>
    /// <param name="epoch">The epoch.</param>
    /// <param name="output">Where it goes.</param>
    /// <param name="options">Null stands for the defaults.</param>
    /// <param name="progress">Told after each record how many bytes of the guest are done.</param>
    /// <param name="cancellationToken">Ends the export; what was written stays written.</param>
    /// <exception cref="UnsupportedException">The epoch holds nothing of such a stream, or is not restorable; nothing was written.</exception>
    /// <exception cref="CorruptDataException">A page or a section of the epoch is damaged; what comes before it has been written.</exception>
    /// <exception cref="StorageException">The checkpoint file could not be read.</exception>
    /// <exception cref="IOException">The pipe could not be written, or nobody reads it any more.</exception>
    /// <exception cref="OperationCanceledException">The export was cancelled.</exception>
    public static async Task<ExportReport> ToPipeAsync(
        Epoch epoch, PipeWriter output, XenExportOptions? options = null, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(epoch);
        ArgumentNullException.ThrowIfNull(output);
        options ??= new();
        XenEpochSections sections = XenEpochSections.Of(epoch, options);
        long length = sections.Head.Length + sections.Tail.Length;
        await output.WriteAsync(sections.Head, cancellationToken).ConfigureAwait(false);
        length += await CopySectionsAsync(epoch, sections.Before, output, cancellationToken).ConfigureAwait(false);
        long dataPages = 0;
        var record = new PageDataRecord(epoch.PageSize);
        foreach (PfnRun run in BatchRuns(epoch))
        {
            if (!record.IsEmpty && run.First.Value / PageDataDecoder.MaxBatch != (record.End.Value - 1) / PageDataDecoder.MaxBatch)
            {
                length += await FlushAsync(record, output, cancellationToken).ConfigureAwait(false);
                progress?.Report(run.First.Value * epoch.PageSize);
            }

            record.Claim((int)run.Count, out Span<byte> pages, out Span<GuestPageType> types);
            epoch.CopyPages(run.First, pages, types);
            dataPages += record.Add(run.First, (int)run.Count);
        }

        length += await FlushAsync(record, output, cancellationToken).ConfigureAwait(false);
        length += await CopySectionsAsync(epoch, sections.After, output, cancellationToken).ConfigureAwait(false);
        await output.WriteAsync(sections.Tail, cancellationToken).ConfigureAwait(false);
        return new ExportReport(epoch.Info, length, dataPages);
    }

    /// <summary>What the table says anything of, in runs that end where a record does; and the last page even if it is a hole, for the size of the guest.</summary>
    private static IEnumerable<PfnRun> BatchRuns(Epoch epoch)
    {
        var end = new Pfn(0);
        foreach (PfnRun run in epoch.EntryRuns())
        {
            end = run.End;
            for (Pfn first = run.First; first < run.End;)
            {
                var next = new Pfn(Math.Min(run.End.Value, (first.Value / PageDataDecoder.MaxBatch * PageDataDecoder.MaxBatch) + PageDataDecoder.MaxBatch));
                yield return new PfnRun(first, next - first);
                first = next;
            }
        }

        if (end.Value < epoch.PageCount)
        {
            yield return new PfnRun(new Pfn(epoch.PageCount - 1), 1);
        }
    }

    private static async ValueTask<long> CopySectionsAsync(Epoch epoch, IEnumerable<string> names, PipeWriter output, CancellationToken cancellationToken)
    {
        long copied = 0;
        foreach (string name in names)
        {
            using Stream section = epoch.OpenState(name);
            copied += section.Length;
            await section.CopyToAsync(output, cancellationToken).ConfigureAwait(false);
        }

        return copied;
    }

    private static async ValueTask<long> FlushAsync(PageDataRecord record, PipeWriter output, CancellationToken cancellationToken)
    {
        int size = record.IsEmpty ? 0 : Put(record, output);
        FlushResult flushed = await output.FlushAsync(cancellationToken).ConfigureAwait(false);
        if (flushed.IsCompleted || flushed.IsCanceled)
        {
            throw new IOException("Nobody reads the stream any more: the other end of the pipe is gone.");
        }

        return size;
    }

    private static int Put(PageDataRecord record, PipeWriter output)
    {
        (ReadOnlyMemory<byte> front, ReadOnlyMemory<byte> pages) = (record.Front, record.Pages);
        int size = front.Length + pages.Length;
        Span<byte> bytes = output.GetSpan(size);
        front.Span.CopyTo(bytes);
        pages.Span.CopyTo(bytes[front.Length..]);
        output.Advance(size);
        record.Clear();
        return size;
    }
}
