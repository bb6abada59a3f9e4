using System.Runtime.InteropServices;

namespace PageStore.Native;

/// <summary>
/// The shim's log of a range of memory, and what may be asked of it when. Not thread-safe.
/// </summary>
internal sealed class PageTracker : IDisposable
{
    private readonly TrackHandle _handle;
    private State _state;

    /// <summary>Makes a log of <paramref name="pageCount"/> pages of <paramref name="memory"/> from <paramref name="firstPage"/> on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The pages do not lie inside the memory, or there are none.</exception>
    internal PageTracker(SafeBuffer memory, long firstPage, long pageCount, TrackOptions options)
    {
        ulong pageSize = (ulong)Environment.SystemPageSize;
        long pages = (long)(memory.ByteLength / pageSize);
        ArgumentOutOfRangeException.ThrowIfNegative(firstPage);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pageCount);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(pageCount, pages);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstPage, pages - pageCount);
        PageCount = pageCount;
        _handle = TrackHandle.Create(memory, (ulong)firstPage * pageSize, (ulong)pageCount * pageSize, options);
    }

    private enum State
    {
        Stopped,
        Running,

        /// <summary>Running, but a harvest failed half-way: pages may have been written unseen.</summary>
        Lost,
        Disposed,
    }

    private enum Scan
    {
        Peek,
        Harvest,
    }

    internal long PageCount { get; }

    internal void Start()
    {
        ObjectDisposedException.ThrowIf(_state == State.Disposed, this);
        if (_state != State.Stopped)
        {
            throw new InvalidOperationException("Tracking is running already: stop it before starting it again.");
        }

        ShimResult result = NativeMethods.TrackStart(_handle, out int errno);
        if (result != ShimResult.Ok)
        {
            throw NativeErrors.Make(result, errno, $"Tracking {PageCount} pages of memory");
        }

        _state = State.Running;
    }

    internal void Stop()
    {
        if (_state is State.Running or State.Lost)
        {
            _ = NativeMethods.TrackStop(_handle, out _);
            _state = State.Stopped;
        }
    }

    internal void Peek(PageBitmap written) => ScanAll(Scan.Peek, written);

    internal void Harvest(PageBitmap written) => ScanAll(Scan.Harvest, written);

    internal unsafe void HarvestAccesses(PageBitmap written, PageBitmap read)
    {
        CheckRunning();
        CheckLength(written, nameof(written));
        CheckLength(read, nameof(read));
        if (ReferenceEquals(written, read))
        {
            throw new ArgumentException("The written and the read set need a bitmap each.", nameof(read));
        }

        for (long first = 0; first < PageCount;)
        {
            Span<ulong> writtenWords = written.GetWords(new Pfn(first), out long writtenBits);
            Span<ulong> readWords = read.GetWords(new Pfn(first), out long readBits);
            long pages = Math.Min(PageCount - first, Math.Min(writtenBits, readBits));
            int words = Math.Min(writtenWords.Length, readWords.Length);
            fixed (ulong* w = writtenWords, r = readWords)
            {
                ShimResult result = NativeMethods.TrackHarvestAccesses(
                    _handle, (ulong)first, (ulong)pages, w, r, (ulong)words, out int errno);
                ThrowIfLost(result, errno, first);
            }

            first += pages;
        }
    }

    public void Dispose()
    {
        Stop();
        _handle.Dispose();
        _state = State.Disposed;
    }

    private unsafe void ScanAll(Scan scan, PageBitmap written)
    {
        CheckRunning();
        CheckLength(written, nameof(written));
        for (long first = 0; first < PageCount;)
        {
            Span<ulong> words = written.GetWords(new Pfn(first), out long bits);
            long pages = Math.Min(PageCount - first, bits);
            fixed (ulong* w = words)
            {
                ScanSlab(scan, first, pages, w, words.Length);
            }

            first += pages;
        }
    }

    private unsafe void ScanSlab(Scan scan, long first, long pages, ulong* words, int wordCount)
    {
        int errno;
        if (scan == Scan.Harvest)
        {
            ShimResult harvested = NativeMethods.TrackHarvest(_handle, (ulong)first, (ulong)pages, words, (ulong)wordCount, out errno);
            ThrowIfLost(harvested, errno, first);
            return;
        }

        ShimResult peeked = NativeMethods.TrackPeek(_handle, (ulong)first, (ulong)pages, words, (ulong)wordCount, out errno);
        if (peeked != ShimResult.Ok)
        {
            throw NativeErrors.Make(peeked, errno, $"Peeking at the pages from {first} on");
        }
    }

    /// <summary>After a failed harvest the log answers nothing any more, so that no caller takes an incomplete set for a whole one.</summary>
    private void ThrowIfLost(ShimResult result, int errno, long first)
    {
        if (result != ShimResult.Ok)
        {
            _state = State.Lost;
            throw NativeErrors.Make(result, errno, $"Harvesting the pages from {first} on");
        }
    }

    private void CheckRunning()
    {
        ObjectDisposedException.ThrowIf(_state == State.Disposed, this);
        if (_state == State.Stopped)
        {
            throw new InvalidOperationException("Tracking is not running: start it first.");
        }

        if (_state == State.Lost)
        {
            throw new StorageException("An earlier harvest failed half-way: stop and start the log, and take the next epoch in full.");
        }
    }

    private void CheckLength(PageBitmap bitmap, string paramName)
    {
        if (bitmap.Length < PageCount)
        {
            throw new ArgumentException($"The bitmap covers {bitmap.Length} pages, the log {PageCount}: nothing was harvested.", paramName);
        }
    }
}
