using System.Threading.Channels;

namespace PageStore.Checkpoint;

/// <summary>
/// Reads pages of a disk ahead of who takes them, several reads at a time, in ascending order. What it needs of memory is its buffers. One caller takes parts, and disposes it.
/// </summary>
internal sealed class DiskReadAhead : IAsyncDisposable
{
    /// <summary>Reads under way at a time, half of what a source must bear: enough to hide the way to another host and back.</summary>
    private const int MaxReads = 8;

    /// <summary>Parts that are read and not taken yet, so that the source works while pages are packed.</summary>
    private const int MaxReady = 4;

    /// <summary>Below a megabyte reads lose throughput on any disk; larger ones gain nothing and take memory.</summary>
    private const int MaxPartBytes = 1 << 20;

    private readonly IDiskImage _disk;
    private readonly DiskMap _map;
    private readonly int _pageSize;
    private readonly int _partPages;
    private readonly CancellationTokenSource _stop;
    private readonly Channel<DiskPart> _ready = Channel.CreateUnbounded<DiskPart>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    private readonly Channel<byte[]> _free = Channel.CreateUnbounded<byte[]>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    private readonly Queue<DiskPart> _under = [];
    private readonly Task _reading;

    /// <summary>Begins to read.</summary>
    /// <param name="disk">The disk, which belongs to this until it is disposed.</param>
    /// <param name="map">What the disk has.</param>
    /// <param name="pages">Which pages; not changed meanwhile.</param>
    /// <param name="pageSize">In bytes.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public DiskReadAhead(IDiskImage disk, DiskMap map, PageBitmap pages, int pageSize, CancellationToken cancellationToken)
    {
        (_disk, _map, _pageSize) = (disk, map, pageSize);

        // Whole units of the source, and whole pages; there are at least 64 KiB, the largest of either.
        int bytes = Math.Min(disk.MaxReadBytes, MaxPartBytes) & ~(PageSizes.Max - 1);
        _partPages = bytes / pageSize;
        for (int i = 0; i < MaxReads + MaxReady; i++)
        {
            _free.Writer.TryWrite(GC.AllocateUninitializedArray<byte>(bytes));
        }

        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _reading = Task.Run(() => RunAsync(pages, _stop.Token), CancellationToken.None);
    }

    /// <summary>The parts, in ascending order. What a failed read throws, this throws.</summary>
    public IAsyncEnumerable<DiskPart> PartsAsync(CancellationToken cancellationToken) => _ready.Reader.ReadAllAsync(cancellationToken);

    /// <summary>Gives back the buffer of a part that was taken.</summary>
    public void Return(DiskPart part) => _free.Writer.TryWrite(part.Buffer);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _reading.ConfigureAwait(false);
        _stop.Dispose();
    }

    /// <summary>Never fails itself: what went wrong comes out where the parts are taken.</summary>
    private async Task RunAsync(PageBitmap pages, CancellationToken cancellationToken)
    {
        try
        {
            foreach (PfnRun run in pages.Runs())
            {
                await ReadRunAsync(run, cancellationToken).ConfigureAwait(false);
            }

            while (_under.Count > 0)
            {
                await EndOldestAsync(cancellationToken).ConfigureAwait(false);
            }

            _ready.Writer.Complete();
        }
        catch (Exception cause)
        {
            _ready.Writer.Complete(cause);
        }
    }

    private async Task ReadRunAsync(PfnRun run, CancellationToken cancellationToken)
    {
        for (Pfn first = run.First; first < run.End;)
        {
            // Up to a multiple of the part's size, so that parts begin where the source likes it.
            long end = Math.Min(((first.Value / _partPages) + 1) * _partPages, run.End.Value);
            await BeginAsync(new PfnRun(first, end - first.Value), cancellationToken).ConfigureAwait(false);
            first = new Pfn(end);
        }
    }

    private async Task BeginAsync(PfnRun run, CancellationToken cancellationToken)
    {
        byte[] buffer = await FreeBufferAsync(cancellationToken).ConfigureAwait(false);
        int bytes = _map.BytesOf(run);
        buffer.AsSpan(bytes, (int)(run.Count * _pageSize) - bytes).Clear();
        await _disk.BeginReadAsync(_map.OffsetOf(run.First), buffer.AsMemory(0, bytes), cancellationToken).ConfigureAwait(false);
        _under.Enqueue(new DiskPart(run, buffer));
    }

    private async ValueTask<byte[]> FreeBufferAsync(CancellationToken cancellationToken)
    {
        while (_under.Count > 0)
        {
            if (_under.Count < MaxReads && _free.Reader.TryRead(out byte[]? buffer))
            {
                return buffer;
            }

            await EndOldestAsync(cancellationToken).ConfigureAwait(false);
        }

        return await _free.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task EndOldestAsync(CancellationToken cancellationToken)
    {
        await _disk.EndReadAsync(cancellationToken).ConfigureAwait(false);
        _ready.Writer.TryWrite(_under.Dequeue());
    }
}
