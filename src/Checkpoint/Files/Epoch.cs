using Microsoft.Extensions.ObjectPool;

namespace PageStore.Checkpoint;

/// <summary>
/// One epoch of an open checkpoint file: the whole guest at one moment. Thread-safe. It can be used until the
/// <see cref="CheckpointReader"/> or <see cref="CheckpointWriter"/> it came from is disposed. Disposing it is only needed before that, where a reader is
/// refreshed: an epoch that is not disposed keeps writers from reusing what it shows.
/// </summary>
public sealed class Epoch : IGuestMemory, IDisposable
{
    private static readonly ObjectPool<TreeCursor> Cursors = ObjectPool.Create<TreeCursor>();

    private readonly FileRoot _root;
    private readonly EpochRecord _record;
    private RootLeases? _leases;

    /// <summary>Makes an epoch; with leases, it gives back one part in the lease of its root when it is disposed.</summary>
    internal Epoch(FileRoot root, EpochRecord record, RootLeases? leases = null)
    {
        _root = root;
        _record = record;
        _leases = leases;
        Info = new EpochInfo(record);
    }

    /// <summary>What the file says of the epoch.</summary>
    public EpochInfo Info { get; }

    /// <inheritdoc/>
    public int PageSize => _root.Header.PageSize;

    /// <inheritdoc/>
    public long PageCount => _record.PageCount;

    internal Guid FileId => _root.Header.FileId;

    internal EpochRecord Record => _record;

    internal NodeReader Nodes => _root.Nodes;

    /// <summary>How many bytes a raw page takes in the file.</summary>
    private int RawBytes => PageSize + _root.Nodes.Blocks.Overhead;

    /// <summary>Reads one page; an absent page reads as zeros.</summary>
    /// <param name="pfn">The page, below <see cref="PageCount"/>.</param>
    /// <param name="destination">At least <see cref="PageSize"/> bytes; bytes behind the page stay as they are.</param>
    /// <exception cref="ArgumentOutOfRangeException">The page lies outside the guest.</exception>
    /// <exception cref="ArgumentException">The destination is too short; nothing is written to it.</exception>
    /// <exception cref="CorruptDataException">The page, or the index on the way to it, is damaged; nothing of it is handed out.</exception>
    /// <exception cref="StorageException">The medium failed.</exception>
    public void ReadPage(Pfn pfn, Span<byte> destination)
    {
        if (destination.Length < PageSize)
        {
            throw new ArgumentException($"A page needs {PageSize} bytes; there are {destination.Length}.", nameof(destination));
        }

        ReadPages(pfn, destination[..PageSize]);
    }

    /// <summary>Reads a range of pages; absent pages read as zeros. Allocates nothing per page.</summary>
    /// <param name="first">The first page.</param>
    /// <param name="destination">A multiple of <see cref="PageSize"/> bytes, all of which are filled.</param>
    /// <exception cref="ArgumentOutOfRangeException">Pages lie outside the guest.</exception>
    /// <exception cref="ArgumentException">The destination is no multiple of the page size.</exception>
    /// <exception cref="CorruptDataException">A page is damaged; the destination is zeroed.</exception>
    /// <exception cref="StorageException">The medium failed.</exception>
    public void ReadPages(Pfn first, Span<byte> destination) => CopyPages(first, destination, default);

    /// <summary>As <see cref="ReadPages"/>, and says of each page what the hypervisor said of it.</summary>
    /// <param name="first">The first page.</param>
    /// <param name="destination">A multiple of <see cref="PageSize"/> bytes, all of which are filled.</param>
    /// <param name="types">Receives the types; empty, or one for each page.</param>
    /// <inheritdoc cref="ReadPages" path="/exception"/>
    public void CopyPages(Pfn first, Span<byte> destination, Span<GuestPageType> types)
    {
        int count = destination.Length / PageSize;
        if (destination.Length % PageSize != 0 || (!types.IsEmpty && types.Length != count))
        {
            throw new ArgumentException($"The destination has {destination.Length} bytes, no multiple of the page size {PageSize}, or there is not one type for each page.", nameof(destination));
        }

        ThrowIfOutside(first, count);
        TreeCursor? cursor = null;
        try
        {
            cursor = BindCursor(first, _root.PageTables);
            ReadRuns(cursor, first, destination, types);
        }
        catch
        {
            destination.Clear();
            throw;
        }
        finally
        {
            if (cursor is not null)
            {
                ReturnCursor(cursor);
            }
        }
    }

    /// <summary>What kind of content a page has, and what the hypervisor said of it, without reading the content.</summary>
    /// <param name="pfn">The page.</param>
    /// <exception cref="ArgumentOutOfRangeException">The page lies outside the guest.</exception>
    /// <exception cref="CorruptDataException">The index is damaged.</exception>
    public PageInfo GetPageInfo(Pfn pfn)
    {
        ThrowIfOutside(pfn, 1);
        TreeCursor cursor = BindCursor(pfn, _root.PageTables);
        try
        {
            return PageInfo.Of(GetEntry(cursor, pfn, out _), RawBytes);
        }
        finally
        {
            ReturnCursor(cursor);
        }
    }

    /// <summary>The runs of pages that hold data: neither absent nor zero. Read piece by piece as they are asked for.</summary>
    /// <exception cref="CorruptDataException">The index is damaged.</exception>
    public IEnumerable<PfnRun> DataRuns() => Runs(entry => ClassCounts.ClassOf(entry.Kind) >= PageClass.Repeated);

    /// <summary>The runs of pages that the guest has: all that are not absent. Read piece by piece as they are asked for.</summary>
    /// <exception cref="CorruptDataException">The index is damaged.</exception>
    public IEnumerable<PfnRun> PresentRuns() => Runs(entry => entry.Kind != EntryKind.Absent);

    /// <summary>Reads W: the pages written since the parent.</summary>
    /// <returns>A bitmap of <see cref="PageCount"/> bits, which the caller disposes.</returns>
    /// <exception cref="CorruptDataException">The set is damaged.</exception>
    public PageBitmap ReadWrittenSet() => ReadSet(_record.Written, _record.PagesWritten, "written set");

    /// <summary>Reads R, the pages accessed and not written, where it is known.</summary>
    /// <returns>A bitmap of <see cref="PageCount"/> bits, which the caller disposes, or null.</returns>
    /// <exception cref="CorruptDataException">The set is damaged.</exception>
    public PageBitmap? ReadReadSet() => _record.Read.Length == 0 ? null : ReadSet(_record.Read, _record.PagesRead, "read set");

    /// <summary>Opens a state section for reading.</summary>
    /// <param name="name">Its name, see <see cref="EpochInfo.States"/>.</param>
    /// <returns>A seekable stream, which the caller disposes; its reads throw <see cref="CorruptDataException"/> on damage.</returns>
    /// <exception cref="KeyNotFoundException">The epoch has no such section.</exception>
    public Stream OpenState(string name)
    {
        foreach (StateSection section in _record.Sections)
        {
            if (section.Name == name)
            {
                return new BlobStream(_root.Nodes, section.Content, _record.Offset);
            }
        }

        throw new KeyNotFoundException($"Epoch {_record.Id} has no state section \"{name}\".");
    }

    /// <summary>Opens the resume pack, which is read from its beginning.</summary>
    /// <returns>Null where the epoch has none: then <see cref="ScatteredReader"/> reads pages where they are.</returns>
    public ResumePack? OpenPack() => _record.Pack is { } pack ? new ResumePack(this, pack) : null;

    /// <summary>Lets writers reuse what only this view of the file shows. Idempotent; the epoch must not be read any more.</summary>
    public void Dispose() => Interlocked.Exchange(ref _leases, null)?.Release(_root.Slot.Sequence);

    /// <summary>
    /// Compares with another epoch, of this file or of another one, page by page: what each page holds, not how it is stored. Within one
    /// file the cost grows with what differs; across two files, every page that both have is compared, and read where the sums are equal.
    /// Memory use is one bit a page where pages differ.
    /// </summary>
    /// <param name="other">The second epoch. Its page count may differ: pages behind the smaller end are in one epoch only.</param>
    /// <param name="progress">Told now and then how many pages have been looked at.</param>
    /// <param name="cancellationToken">Ends the comparison before the next page.</param>
    /// <returns>The comparison, which the caller disposes.</returns>
    /// <exception cref="ArgumentException">The page sizes differ.</exception>
    /// <exception cref="CorruptDataException">A page that had to be read, or an index, is damaged.</exception>
    /// <exception cref="StorageException">A medium failed.</exception>
    /// <exception cref="OperationCanceledException">The comparison was cancelled.</exception>
    public EpochComparison CompareWith(Epoch other, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.PageSize != PageSize)
        {
            throw new ArgumentException($"Pages of {PageSize} bytes cannot be compared with pages of {other.PageSize} bytes.", nameof(other));
        }

        return new EpochComparer(this, other, progress, cancellationToken).Run();
    }

    /// <summary>The runs of pages that the page table says anything of: present ones, and absent ones that are more than a hole.</summary>
    internal IEnumerable<PfnRun> EntryRuns() => Runs(entry => !entry.IsPlainAbsent);

    /// <summary>A cursor over the page table.</summary>
    /// <param name="pfn">What the damage names if even the root is wrong.</param>
    /// <param name="cache">Keeps nodes beyond this cursor, for who comes back to them.</param>
    internal TreeCursor BindCursor(Pfn pfn, NodeCache? cache = null)
    {
        TreeCursor cursor = Cursors.Get();
        Bind(cursor, pfn, cache);
        return cursor;
    }

    /// <summary>A cursor of the caller's own over the page table.</summary>
    internal TreeCursor NewCursor()
    {
        var cursor = new TreeCursor();
        Bind(cursor, new Pfn(0), _root.PageTables);
        return cursor;
    }

    internal static void ReturnCursor(TreeCursor cursor)
    {
        cursor.Unbind();
        Cursors.Return(cursor);
    }

    /// <summary>Reads the content of an entry of this epoch.</summary>
    internal void ReadContent(Pfn pfn, Entry entry, Span<byte> page)
    {
        try
        {
            _root.Nodes.Blocks.ReadContent(entry, page, pfn.Value);
        }
        catch (CorruptDataException cause)
        {
            throw Damage.InPage(_record.Id, pfn, cause);
        }
    }

    /// <summary>As <see cref="ReadContent"/>, of a raw or an LZ4 entry whose stored block is at hand.</summary>
    internal void DecodeContent(Pfn pfn, Entry entry, ReadOnlySpan<byte> stored, Span<byte> page)
    {
        try
        {
            _root.Nodes.Blocks.DecodeContent(entry, stored, page, pfn.Value);
        }
        catch (CorruptDataException cause)
        {
            throw Damage.InPage(_record.Id, pfn, cause);
        }
    }

    private void Bind(TreeCursor cursor, Pfn pfn, NodeCache? cache = null)
    {
        try
        {
            cursor.Bind(_root.Nodes, _record.PageTable, TreeKind.PageTable, _record.Offset + EpochRecord.PageTableOffset, cache);
        }
        catch (CorruptDataException cause)
        {
            throw Damage.InPage(_record.Id, pfn, cause);
        }
    }

    /// <summary>Looks a page up; damage on the way is told as damage of the page.</summary>
    internal Entry GetEntry(TreeCursor cursor, Pfn pfn, out long end)
    {
        try
        {
            return cursor.Get(pfn.Value, out end);
        }
        catch (CorruptDataException cause)
        {
            throw Damage.InPage(_record.Id, pfn, cause);
        }
    }

    private void ReadRuns(TreeCursor cursor, Pfn first, Span<byte> destination, Span<GuestPageType> types)
    {
        int count = destination.Length / PageSize;
        for (int at = 0; at < count;)
        {
            Entry entry = GetEntry(cursor, first + at, out _);
            int run = entry.Kind == EntryKind.Raw && _root.Nodes.Blocks.Opener is null ? RawRun(cursor, first + at, entry, count - at) : 1;
            Span<byte> content = destination.Slice(at * PageSize, run * PageSize);
            if (run == 1)
            {
                ReadContent(first + at, entry, content);
            }
            else
            {
                ReadRawRun(cursor, first + at, entry, content);
            }

            FillTypes(cursor, first + at, types.IsEmpty ? types : types.Slice(at, run));
            at += run;
        }
    }

    /// <summary>How many pages from a raw one on lie one behind the other in the file.</summary>
    private int RawRun(TreeCursor cursor, Pfn first, Entry entry, int limit)
    {
        int run = 1;
        while (run < limit && RawRunNeighbour(GetEntry(cursor, first + run, out _), entry.Offset + ((long)run * PageSize)))
        {
            run++;
        }

        return run;
    }

    /// <summary>A run must not cross the end of a segment, or its one read would be refused.</summary>
    private bool RawRunNeighbour(Entry entry, long offset) =>
        entry.Kind == EntryKind.Raw && entry.Offset == offset && (offset - Layout.SegmentsOffset) % _root.Header.SegmentSize != 0;

    private void ReadRawRun(TreeCursor cursor, Pfn first, Entry entry, Span<byte> content)
    {
        Pfn pfn = first;
        try
        {
            _root.Nodes.Blocks.ReadRange(entry.Offset, content);
            for (int at = 0; at < content.Length; at += PageSize, pfn += 1)
            {
                BlockReader.CheckSum(GetEntry(cursor, pfn, out _), content.Slice(at, PageSize), tagWord: 0);
            }
        }
        catch (CorruptDataException cause) when (cause.Pfn is null)
        {
            throw Damage.InPage(_record.Id, pfn, cause);
        }
    }

    private void FillTypes(TreeCursor cursor, Pfn first, Span<GuestPageType> types)
    {
        for (int i = 0; i < types.Length; i++)
        {
            types[i] = PageInfo.Of(GetEntry(cursor, first + i, out _), RawBytes).Type;
        }
    }

    private IEnumerable<PfnRun> Runs(Func<Entry, bool> wanted)
    {
        var cursor = new TreeCursor();
        Bind(cursor, new Pfn(0));
        long start = -1;
        long end;
        for (long key = 0; key < PageCount; key = end)
        {
            bool inside = wanted(GetEntry(cursor, new Pfn(key), out end));
            if (!inside && start >= 0)
            {
                yield return new PfnRun(new Pfn(start), key - start);
                start = -1;
            }
            else if (inside && start < 0)
            {
                start = key;
            }
        }

        if (start >= 0)
        {
            yield return new PfnRun(new Pfn(start), PageCount - start);
        }
    }

    private PageBitmap ReadSet(BlobRef blob, long expectedCount, string part)
    {
        try
        {
            return EpochSets.Read(_root.Nodes, blob, PageCount, expectedCount, _record.Offset);
        }
        catch (CorruptDataException cause)
        {
            throw Damage.InEpoch(_record.Id, part, cause);
        }
    }

    private void ThrowIfOutside(Pfn first, int count)
    {
        if (first.Value < 0 || first.Value > PageCount - count)
        {
            throw new ArgumentOutOfRangeException(nameof(first), first, $"The epoch has {PageCount} pages; {count} were asked for from {first} on.");
        }
    }
}
