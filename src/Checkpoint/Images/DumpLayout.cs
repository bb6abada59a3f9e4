namespace PageStore.Checkpoint;

/// <summary>Where everything stands in a memory dump.</summary>
internal sealed class DumpLayout
{
    private readonly Epoch _epoch;
    private readonly DumpFormat _format;
    private readonly long _runs;
    private readonly long _frontBytes;

    private DumpLayout(Epoch epoch, DumpFormat format, long runs, long pages)
    {
        _epoch = epoch;
        _format = format;
        _runs = runs;
        _frontBytes = format == DumpFormat.ElfCore ? RoundToPage(HeaderBytes) : 0;
        Length = _frontBytes + (pages * epoch.PageSize) + (format == DumpFormat.Lime ? runs * DumpHeaders.LimeSize : 0);
    }

    /// <summary>The length of the dump.</summary>
    public long Length { get; }

    private long HeaderBytes =>
        DumpHeaders.ElfSize + (_runs * DumpHeaders.SegmentSize) + (_runs >= DumpHeaders.ManySegments ? DumpHeaders.SectionSize : 0);

    /// <summary>Counts the runs of an epoch.</summary>
    public static DumpLayout Of(Epoch epoch, DumpFormat format)
    {
        if (!Enum.IsDefined(format))
        {
            throw new ArgumentOutOfRangeException(nameof(format), format, "Not a format of memory dumps.");
        }

        long runs = 0;
        long pages = 0;
        foreach (PfnRun run in epoch.PresentRuns())
        {
            runs++;
            pages += run.Count;
        }

        return new DumpLayout(epoch, format, runs, pages);
    }

    /// <summary>Writes what stands before the first run: of ELF all headers, and room up to a whole page, so that pages can be mapped.</summary>
    public void WriteFront(SparseOutput output, CancellationToken cancellationToken)
    {
        if (_format != DumpFormat.ElfCore)
        {
            return;
        }

        Span<byte> header = stackalloc byte[DumpHeaders.ElfSize];
        DumpHeaders.WriteElf(header, _runs);
        output.Write(header);
        WriteSegments(output);
        if (_runs >= DumpHeaders.ManySegments)
        {
            DumpHeaders.WriteSectionZero(header, _runs);
            output.Write(header);
        }

        output.WriteZeros(_frontBytes - HeaderBytes, cancellationToken);
    }

    /// <summary>Writes what stands before a run.</summary>
    public void WriteRunHeader(SparseOutput output, PfnRun run)
    {
        if (_format == DumpFormat.Lime)
        {
            Span<byte> header = stackalloc byte[DumpHeaders.LimeSize];
            DumpHeaders.WriteLime(header, run.First.Value * _epoch.PageSize, run.Count * _epoch.PageSize);
            output.Write(header);
        }
    }

    private void WriteSegments(SparseOutput output)
    {
        Span<byte> header = stackalloc byte[DumpHeaders.SegmentSize];
        long offset = _frontBytes;
        foreach (PfnRun run in _epoch.PresentRuns())
        {
            long length = run.Count * _epoch.PageSize;
            DumpHeaders.WriteSegment(header, offset, run.First.Value * _epoch.PageSize, length, _epoch.PageSize);
            output.Write(header);
            offset += length;
        }
    }

    private long RoundToPage(long bytes) => (bytes + _epoch.PageSize - 1) / _epoch.PageSize * _epoch.PageSize;
}
