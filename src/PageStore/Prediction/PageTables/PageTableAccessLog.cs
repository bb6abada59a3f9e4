using System.Diagnostics;

namespace PageStore;

/// <summary>
/// Adds R to a dirty log that tells W alone, by the guest's own page tables: while the guest stands still, the accessed bits in them are cleared from outside, and those that are set at the next harvest say what
/// was read in between. This changes the guest: its kernel takes pages whose bits are cleared for cold, and may page them out earlier. For guests of x86-64 in long mode with tables of four levels.
/// </summary>
/// <remarks>
/// <para>
/// R is what was accessed through pages of 4 KiB of the address spaces that are known: those in which a processor was at a harvest, and, of the others that are found by their look, what is accessed for the first time.
/// Accesses through large pages are not told, nor are those that a processor makes by a translation that it kept from before the bits were cleared.
/// </para>
/// <para>
/// W holds all that the log tells, and the tables whose bits were cleared: a copy that is taken of W while the guest stands still is the guest as it is then. Tables are among the pages written more often than without
/// this, since a processor sets each bit anew.
/// </para>
/// <para>
/// A harvest while the guest runs tells W only; what was read is told by the next one with the guest standing. Not thread-safe. Whoever creates it disposes it; log, memory and bits stay the caller's.
/// </para>
/// </remarks>
public sealed class PageTableAccessLog : IAccessLog
{
    private readonly IDirtyLog _log;
    private readonly IGuestMemory _memory;
    private readonly IAccessBits _bits;
    private readonly PageTableAccessOptions _options;
    private readonly AddressSpaces _spaces;
    private readonly PageTableIndex _index;
    private readonly AccessedEntries _entries = new();

    /// <summary>Harvested and perhaps not in the caller's hands: a walk that failed must not lose them.</summary>
    private readonly PageBitmap _owed;

    /// <summary>Written since the last walk.</summary>
    private readonly PageBitmap _written;
    private readonly PageBitmap _unsearched;
    private readonly PageBitmap _found;
    private Pfn _searched;
    private bool _disposed;

    /// <summary>Makes a log that is stopped; nothing happens to the guest yet.</summary>
    /// <param name="log">Tells W, the writes of the guest's processors into its page tables included; starting and stopping it is this one's from now on.</param>
    /// <param name="memory">The guest's memory.</param>
    /// <param name="bits">Clears bits in it.</param>
    /// <param name="options">Null stands for the defaults.</param>
    /// <exception cref="ArgumentException">Log and memory have different numbers of pages, or the pages do not have 4096 bytes.</exception>
    public PageTableAccessLog(IDirtyLog log, IGuestMemory memory, IAccessBits bits, PageTableAccessOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(log);
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(bits);
        if (memory.PageSize != PageSizes.Default || memory.PageCount != log.PageCount)
        {
            throw new ArgumentException(
                $"The guest has {memory.PageCount} pages of {memory.PageSize} bytes, and the log {log.PageCount}: page tables are read of pages of {PageSizes.Default} bytes, all of which are logged.", nameof(memory));
        }

        _options = options ?? new();
        _options.Validate();
        (_log, _memory, _bits) = (log, memory, bits);
        (_spaces, _index) = (new AddressSpaces(memory), new PageTableIndex(memory));
        (_owed, _written) = (new PageBitmap(PageCount), new PageBitmap(PageCount));
        (_unsearched, _found) = (new PageBitmap(PageCount), new PageBitmap(PageCount));
    }

    /// <inheritdoc/>
    public long PageCount => _log.PageCount;

    /// <summary>What the last harvest of accesses found and cost; all zero where the guest ran.</summary>
    public PageTableHarvest LastHarvest { get; private set; }

    /// <inheritdoc/>
    /// <remarks>Unless <see cref="PageTableAccessOptions.SearchPages"/> is 0, all of the guest's memory is read once. No bit is cleared before the first harvest, which tells no R.</remarks>
    /// <exception cref="ObjectDisposedException">The log is disposed.</exception>
    public void Start()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _log.Start();
        _owed.ClearAll();
        Forget();
        if (_options.SearchPages > 0)
        {
            foreach (long page in RootSearch.Run(_memory, _found, CancellationToken.None))
            {
                _spaces.Suspect(page);
            }
        }
    }

    /// <inheritdoc/>
    public void Peek(PageBitmap written)
    {
        CheckLength(written);
        _log.Peek(written);
        written.Or(_owed);
    }

    /// <inheritdoc/>
    /// <remarks>What was read is told by the next harvest of accesses.</remarks>
    /// <exception cref="ArgumentException">The bitmap is too short; nothing was harvested.</exception>
    public void Harvest(PageBitmap written)
    {
        CheckLength(written);
        HarvestWritten(written);
        _owed.ClearAll();
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A bitmap is too short; nothing was harvested.</exception>
    /// <exception cref="ObjectDisposedException">The log is disposed.</exception>
    public void HarvestAccesses(PageBitmap written, PageBitmap read)
    {
        CheckLength(written);
        CheckLength(read);
        HarvestWritten(written);
        LastHarvest = default;
        if (_bits.IsStanding)
        {
            long start = Stopwatch.GetTimestamp();
            long cleared = Walk(written);
            read.Or(_found);
            _written.ClearAll();
            LastHarvest = new PageTableHarvest(
                _spaces.Used.Count, _spaces.Alike.Count, _index.Count, _index.ReadCount, cleared, _index.LargePages, _index.IsComplete, Stopwatch.GetElapsedTime(start));
        }

        _owed.ClearAll();
    }

    /// <summary>Stops the log; the guest's bits stay as they are. Does nothing when it is not running.</summary>
    public void Stop() => _log.Stop();

    /// <summary>Stops the log. May be called again.</summary>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _log.Stop();
            _owed.Dispose();
            _written.Dispose();
            _unsearched.Dispose();
            _found.Dispose();
        }
    }

    private void HarvestWritten(PageBitmap written)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _log.Harvest(_owed);
        written.Or(_owed);
        _written.Or(_owed);
    }

    private long Walk(PageBitmap written)
    {
        try
        {
            _found.ClearAll();
            _entries.Clear();
            Search();
            _spaces.Update(_bits.ReadRoots(), _written);
            _index.Walk(_spaces.Used, _spaces.Alike, _written, _found, _entries);
            foreach (Pfn table in _entries.Tables)
            {
                // Before it is changed: whatever comes of that, the caller copies it as it is then.
                _owed.Set(table);
                written.Set(table);
            }

            _found.AndNot(_written);
            _found.AndNot(_owed);
            return _bits.Clear(_entries.Tables, _entries.Words);
        }
        catch
        {
            // Some bits may be cleared and others not: the next walk begins anew.
            Forget();
            throw;
        }
    }

    /// <summary>A few pages at a time, for the guest stands still.</summary>
    private void Search()
    {
        if (_options.SearchPages == 0)
        {
            return;
        }

        _unsearched.Or(_written);
        for (int looked = 0; looked < _options.SearchPages && TryNextUnsearched(out Pfn page); looked++)
        {
            _spaces.Suspect(page.Value);
            _unsearched.Clear(page);
            _searched = page;
        }
    }

    private bool TryNextUnsearched(out Pfn page) => _unsearched.TryNextSet(_searched, out page) || _unsearched.TryNextSet(new Pfn(0), out page);

    private void Forget()
    {
        _spaces.Clear();
        _index.Clear();
        _written.ClearAll();
        _unsearched.ClearAll();
        _found.ClearAll();
        _searched = new Pfn(0);
    }

    private void CheckLength(PageBitmap bitmap)
    {
        ArgumentNullException.ThrowIfNull(bitmap);
        if (bitmap.Length < PageCount)
        {
            throw new ArgumentException($"The bitmap covers {bitmap.Length} pages, the log {PageCount}: nothing was harvested.", nameof(bitmap));
        }
    }
}
