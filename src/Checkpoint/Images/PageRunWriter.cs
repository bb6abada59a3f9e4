namespace PageStore.Checkpoint;

/// <summary>Writes pages of an epoch into an image, run after run in ascending order. Memory use does not grow with the guest. For one thread. The caller disposes it.</summary>
internal sealed class PageRunWriter : IDisposable
{
    /// <summary>Bytes read and written at once; writes below 1 MiB lose throughput on any disk.</summary>
    private const int ChunkBytes = 1 << 20;

    private readonly Epoch _epoch;
    private readonly SparseOutput _output;
    private readonly IProgress<long>? _progress;
    private readonly CancellationToken _cancellation;
    private readonly IEnumerator<PfnRun> _data;
    private readonly byte[] _chunk = new byte[ChunkBytes];
    private PfnRun _next;

    public PageRunWriter(Epoch epoch, SparseOutput output, IProgress<long>? progress, CancellationToken cancellation)
    {
        _epoch = epoch;
        _output = output;
        _progress = progress;
        _cancellation = cancellation;
        _data = epoch.DataRuns().GetEnumerator();
        Advance();
    }

    /// <summary>How many pages with data have been written.</summary>
    public long DataPages { get; private set; }

    /// <summary>Writes a run of pages that lies behind the one before; pages without data are zeros.</summary>
    public void Write(PfnRun run)
    {
        Pfn at = run.First;
        while (_next.Count > 0 && _next.First < run.End)
        {
            _output.WriteZeros((_next.First - at) * _epoch.PageSize, _cancellation);
            var end = new Pfn(Math.Min(_next.End.Value, run.End.Value));
            WriteData(_next.First, end);
            at = end;
            _next = new PfnRun(end, _next.End - end);
            if (_next.Count == 0)
            {
                Advance();
            }
        }

        _output.WriteZeros((run.End - at) * _epoch.PageSize, _cancellation);
    }

    public void Dispose() => _data.Dispose();

    private void Advance() => _next = _data.MoveNext() ? _data.Current : default;

    private void WriteData(Pfn first, Pfn end)
    {
        int chunkPages = ChunkBytes / _epoch.PageSize;
        for (Pfn pfn = first; pfn < end; pfn += chunkPages)
        {
            _cancellation.ThrowIfCancellationRequested();
            int pages = (int)Math.Min(chunkPages, end - pfn);
            Span<byte> content = _chunk.AsSpan(0, pages * _epoch.PageSize);
            _epoch.ReadPages(pfn, content);
            _output.Write(content);
            DataPages += pages;
            _progress?.Report((pfn.Value + pages) * _epoch.PageSize);
        }
    }
}
