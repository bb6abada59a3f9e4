namespace PageStore.Checkpoint;

/// <summary>
/// The resume pack of an epoch: copies of the pages of a plan, read one behind the other. Each page is checked before it is handed out; where the pack is damaged, the page comes from
/// its place in the epoch, so a pack never makes anything worse than none. Keeps about 1.1 MiB, and allocates nothing per page. Not thread-safe.
/// </summary>
public sealed class ResumePack
{
    /// <summary>The pack is read in pieces of this size: disks reach their throughput at about 1 MiB a request (see <see cref="WriteChunk.FullBytes"/>), and a segment of default size is four of them.</summary>
    private const int WindowBytes = 1 << 20;

    private readonly Epoch _epoch;
    private readonly PackRef _pack;
    private readonly BlockReader _blocks;
    private readonly PackPlan _plan;
    private readonly PackExtents _extents;
    private readonly byte[] _window = GC.AllocateUninitializedArray<byte>(WindowBytes);
    private Extent _held;
    private PageStoreException? _lost;

    internal ResumePack(Epoch epoch, PackRef pack)
    {
        _epoch = epoch;
        _pack = pack;
        _blocks = epoch.Nodes.Blocks;
        _plan = new PackPlan(epoch.Nodes, epoch.Record, pack);
        _extents = new PackExtents(pack.Extents);
    }

    /// <summary>How many pages the plan has.</summary>
    public long PageCount => _pack.PageCount;

    /// <summary>How many bytes the copies take in the file.</summary>
    public long Bytes => _pack.Bytes;

    /// <summary>How many of the pages that were read so far the pack did not give: they came from their places in the epoch.</summary>
    public long PagesReplaced { get; private set; }

    /// <summary>What was found to be damaged of the pack so far, the first of it; null while nothing was.</summary>
    public PageStoreException? Damage { get; private set; }

    /// <summary>Reads the pages of the plan in the order in which they are loaded: the likeliest first, but for neighbours among some thousands, which come together; of a damaged plan those that can be told. Allocates 8 bytes a page.</summary>
    public Pfn[] ReadPlan()
    {
        var plan = new PackPlan(_epoch.Nodes, _epoch.Record, _pack);
        List<Pfn> pages = [];
        while (plan.TryReadNext(out PlanEntry entry))
        {
            pages.Add(entry.Page);
        }

        return [.. pages];
    }

    /// <summary>Reads the next pages of the plan, in its order, the first call the first ones.</summary>
    /// <param name="buffer">Receives page <c>i</c> of the batch at <c>i</c> times <see cref="Epoch.PageSize"/>, of which it is a multiple; absent and zero pages read as zeros.</param>
    /// <param name="pages">Receives the pages; at least one for each that the buffer has room for.</param>
    /// <param name="classes">Receives what kind of content each has; likewise.</param>
    /// <param name="damaged">
    /// Receives the pages that cannot be had from the epoch either, which read as zeros; their index is that in this batch. Null stands for throwing the first reason; the next call
    /// then goes on behind that page.
    /// </param>
    /// <returns>How many pages were read; 0 where there are no more. Fewer than <see cref="PageCount"/> in all where the plan itself is damaged.</returns>
    /// <exception cref="ArgumentException">The lengths do not fit.</exception>
    /// <exception cref="CorruptDataException">A page is damaged, in the pack and in the epoch, and nothing takes the damaged ones.</exception>
    /// <exception cref="StorageException">The medium failed likewise.</exception>
    public int ReadNext(Span<byte> buffer, Span<Pfn> pages, Span<PageClass> classes, ICollection<DamagedPage>? damaged = null)
    {
        int room = buffer.Length / _epoch.PageSize;
        if (room == 0 || buffer.Length % _epoch.PageSize != 0 || pages.Length < room || classes.Length < room)
        {
            throw new ArgumentException($"The buffer has {buffer.Length} bytes, not one or more times the page size {_epoch.PageSize}, or there is not one number and one class for each page of it.", nameof(buffer));
        }

        int count = 0;
        while (count < room && _plan.TryReadNext(out PlanEntry entry))
        {
            pages[count] = entry.Page;
            Span<byte> content = buffer.Slice(count * _epoch.PageSize, _epoch.PageSize);
            try
            {
                classes[count] = ReadPage(entry, content);
            }
            catch (PageStoreException reason) when (damaged is not null)
            {
                classes[count] = PageClass.Data;
                content.Clear();
                damaged.Add(new DamagedPage(count, entry.Page, reason));
            }
            catch
            {
                buffer.Clear();
                throw;
            }

            count++;
        }

        Damage ??= _plan.Damage;
        return count;
    }

    private PageClass ReadPage(PlanEntry entry, Span<byte> content)
    {
        try
        {
            if (entry.Entry.HasBlock)
            {
                _epoch.DecodeContent(entry.Page, entry.Entry, Block(entry.Entry), content);
            }
            else
            {
                _epoch.ReadContent(entry.Page, entry.Entry, content);
            }

            return ClassCounts.ClassOf(entry.Entry.Kind);
        }
        catch (PageStoreException reason)
        {
            Damage ??= reason;
            PagesReplaced++;
            _epoch.ReadPage(entry.Page, content);
            return _epoch.GetPageInfo(entry.Page).Class;
        }
    }

    /// <summary>The stored block of an entry, out of the window, which goes on to it if need be.</summary>
    private ReadOnlySpan<byte> Block(Entry entry)
    {
        int bytes = entry.Kind is EntryKind.Raw or EntryKind.Lz4
            ? entry.BlockBytes(_epoch.PageSize, _blocks.Overhead)
            : throw Checkpoint.Damage.At(entry.Offset, $"entry kind {(int)entry.Kind} in a resume pack");
        if (!_held.Holds(entry.Offset, bytes))
        {
            Fill(entry.Offset, bytes);
        }

        return _lost is null ? _window.AsSpan((int)(entry.Offset - _held.Offset), bytes) : throw _lost;
    }

    private void Fill(long offset, int bytes)
    {
        Extent extent = _extents.Of(offset, bytes);
        _held = new Extent(offset, Math.Min(WindowBytes, extent.Offset + extent.Length - offset));
        try
        {
            _lost = null;
            _blocks.ReadRange(offset, _window.AsSpan(0, (int)_held.Length));
        }
        catch (PageStoreException reason)
        {
            // For all that the window would have held: a medium that fails must not be asked again for each page.
            _lost = reason;
        }
    }
}
