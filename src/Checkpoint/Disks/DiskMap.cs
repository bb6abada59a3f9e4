namespace PageStore.Checkpoint;

/// <summary>Which pages of a disk its source has to be asked for: one bit a page, or two. The caller disposes it.</summary>
internal sealed class DiskMap : IDisposable
{
    private readonly long _length;
    private readonly int _pageSize;
    private readonly long _unitMask;

    private DiskMap(IDiskImage disk, int pageSize)
    {
        (_length, _pageSize, _unitMask) = (disk.Length, pageSize, Math.Max(disk.Alignment, pageSize) - 1L);
        PageCount = ((disk.Length - 1) / pageSize) + 1;
        Data = new PageBitmap(PageCount);
        Changed = new PageBitmap(PageCount);
    }

    /// <summary>How many pages the disk has; the last one may be cut off.</summary>
    public long PageCount { get; }

    /// <summary>The pages that may hold something else than zeros.</summary>
    public PageBitmap Data { get; }

    /// <summary>The pages of which the bitmap says that something in them was written.</summary>
    public PageBitmap Changed { get; }

    /// <summary>Asks a source. The caller disposes the map.</summary>
    public static async Task<DiskMap> ReadAsync(IDiskImage disk, int pageSize, CancellationToken cancellationToken)
    {
        var map = new DiskMap(disk, pageSize);
        try
        {
            await foreach (DiskExtent extent in disk.ReadExtentsAsync(cancellationToken).ConfigureAwait(false))
            {
                map.Add(extent);
            }

            return map;
        }
        catch
        {
            map.Dispose();
            throw;
        }
    }

    /// <summary>The first page of those that the source reads together with a byte; behind the end of the disk, at most the number of its pages.</summary>
    public long UnitOf(long offset) => Math.Min((offset & ~_unitMask) / _pageSize, PageCount);

    /// <summary>Where a page begins on the disk.</summary>
    public long OffsetOf(Pfn pfn) => pfn.Value * _pageSize;

    /// <summary>How many bytes of the disk a run of pages has.</summary>
    public int BytesOf(PfnRun run) => (int)(Math.Min(OffsetOf(run.End), _length) - OffsetOf(run.First));

    public void Dispose()
    {
        Data.Dispose();
        Changed.Dispose();
    }

    /// <summary>Notes every page that the extent touches, and those that the source must read with them.</summary>
    private void Add(DiskExtent extent)
    {
        if (extent.Offset < 0 || extent.Length <= 0 || extent.Offset > _length - extent.Length)
        {
            throw new CorruptDataException($"The source of the disk tells of {extent.Length} bytes at {extent.Offset}, and the disk has {_length}.") { Offset = extent.Offset };
        }

        long first = UnitOf(extent.Offset);
        long end = Math.Min((((extent.Offset + extent.Length - 1) | _unitMask) / _pageSize) + 1, PageCount);
        (extent.Kind == DiskExtentKind.Data ? Data : Changed).SetRange(new Pfn(first), end - first);
    }
}
