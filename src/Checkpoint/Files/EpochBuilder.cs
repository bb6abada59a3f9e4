namespace PageStore.Checkpoint;

/// <summary>
/// An epoch under way: pages, sets and state sections go in, and one <see cref="Commit"/> makes them the newest epoch, all or nothing.
/// Memory use is bounded whatever the guest's size, but for one bit a page that was written. Not thread-safe. The caller disposes
/// it; disposing before the commit forgets it.
/// </summary>
public sealed class EpochBuilder : ICapturedEpoch
{
    private readonly CheckpointWriter _writer;
    private readonly EpochOptions _options;
    private readonly ParentPages? _parent;
    private readonly PageEncoder _encoder;
    private readonly PageTableEdit _table;
    private readonly List<StateSection> _sections = [];
    private readonly PageBitmap _written;
    private readonly long _bytesBefore;
    private PageBitmap? _read;
    private int _recordSize;
    private bool _done;

    internal EpochBuilder(CheckpointWriter writer, EpochOptions options, Epoch? parent, EpochId id)
    {
        _writer = writer;
        _options = options;
        Id = id;
        PageCount = options.PageCount ?? parent?.PageCount ?? 0;
        _parent = parent is null ? null : new ParentPages(parent, writer.PageTables);
        _table = new PageTableEdit(writer.Trees, parent?.Record.PageTable ?? default, parent?.Record.Counts ?? default);
        _encoder = new PageEncoder(writer.Blocks, writer.RawTarget, writer.Packed, writer.Codec, writer.Sharing, writer.Target);
        _written = new PageBitmap(PageCount);
        _bytesBefore = BytesAppended;
        _recordSize = EpochRecord.FixedSize + EpochRecordFormat.ItemSize(PackRef.ReservedBytes) + EpochRecordFormat.ItemSize(FormatText.CountBytes(options.Label ?? string.Empty));
    }

    /// <summary>The number that the epoch will have.</summary>
    public EpochId Id { get; }

    /// <summary>The number of pages of the guest, as known so far.</summary>
    public long PageCount { get; private set; }

    /// <summary>How many bytes have been appended for this epoch so far.</summary>
    public long Bytes => BytesAppended - _bytesBefore;

    /// <summary>The guest's UUID, where it becomes known while the epoch is under way; null for what the options say.</summary>
    internal Guid? GuestId { get; set; }

    /// <summary>What the epoch is good for, where it becomes known while the epoch is under way; null for what the options say.</summary>
    internal EpochConsistency? Consistency { get; set; }

    /// <summary>What a repair says in place of what the builder would say; null for an epoch that is new.</summary>
    internal RecordAmendments? Amendments { get; set; }

    private long BytesAppended => _writer.BytesAppended;

    /// <summary>Writes pages. Of several writes to one page the last counts. Allocates nothing per page.</summary>
    /// <param name="first">The first page.</param>
    /// <param name="pages">A multiple of the page size; must not change during the call.</param>
    /// <param name="types">What the hypervisor says of each page; empty stands for normal ones. Pages whose type has no data become absent.</param>
    /// <exception cref="ArgumentException">The bytes are no multiple of the page size, or there is not one type for each page.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A page lies behind <see cref="Pfn.MaxValue"/>, or a type is none.</exception>
    /// <exception cref="StorageException">The medium failed or is full; the writer is poisoned.</exception>
    public void WritePages(Pfn first, ReadOnlySpan<byte> pages, ReadOnlySpan<GuestPageType> types = default)
    {
        int pageSize = _writer.PageSize;
        int count = pages.Length / pageSize;
        if (pages.Length % pageSize != 0 || (!types.IsEmpty && types.Length != count))
        {
            throw new ArgumentException($"{pages.Length} bytes are no multiple of the page size {pageSize}, or there is not one type for each page.", nameof(pages));
        }

        Extend(first, count);
        try
        {
            for (int i = 0; i < count; i++)
            {
                GuestPageType type = types.IsEmpty ? GuestPageType.Normal : types[i];
                WritePage(first + i, pages.Slice(i * pageSize, pageSize), type);
            }
        }
        catch (PageStoreException failure)
        {
            _writer.Poison(failure);
            throw;
        }
    }

    /// <summary>Makes pages absent: the guest has none there any more.</summary>
    /// <param name="run">The pages.</param>
    /// <param name="type">Why: <see cref="GuestPageType.Absent"/>, <see cref="GuestPageType.Broken"/> or <see cref="GuestPageType.AllocateOnly"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">A page lies behind <see cref="Pfn.MaxValue"/>, or the type has data.</exception>
    public void SetAbsent(PfnRun run, GuestPageType type = GuestPageType.Absent)
    {
        if (GuestPageTypes.HasData(type))
        {
            throw new ArgumentOutOfRangeException(nameof(type), type, "A page of this type has data.");
        }

        Extend(run.First, run.Count);
        Entry entry = Entry.AbsentOf(type == GuestPageType.Absent ? GuestPageType.Normal : type);
        try
        {
            for (Pfn pfn = run.First; pfn < run.End; pfn += 1)
            {
                Put(pfn, entry, unchanged: CurrentParentEntry(pfn) == entry);
            }
        }
        catch (PageStoreException failure)
        {
            _writer.Poison(failure);
            throw;
        }
    }

    /// <summary>Adds a named opaque section: device or CPU state.</summary>
    /// <param name="name">1 to 255 bytes of UTF-8, not used before in this epoch.</param>
    /// <param name="content">Read from its position to its end.</param>
    /// <exception cref="ArgumentException">The name is too long, empty or already used.</exception>
    /// <exception cref="StorageException">The medium failed or is full; the writer is poisoned.</exception>
    public void AddState(string name, Stream content)
    {
        ThrowIfDone();
        ArgumentNullException.ThrowIfNull(content);
        int nameBytes = FormatText.CountBytes(name);
        if (nameBytes is < 1 or > EpochRecord.MaxNameBytes || _sections.Exists(section => section.Name == name))
        {
            throw new ArgumentException($"The name \"{name}\" of a state section is taken already, empty, no text, or longer than {EpochRecord.MaxNameBytes} bytes.", nameof(name));
        }

        int itemSize = EpochRecordFormat.ItemSize(BlobRef.Size + nameBytes);
        if (_recordSize + itemSize > EpochRecord.MaxSize - _writer.Blocks.Overhead)
        {
            throw new ArgumentException($"The names of {_sections.Count} state sections fill the {EpochRecord.MaxSize - _writer.Blocks.Overhead} bytes of an epoch's record. Put several into one section.", nameof(name));
        }

        _recordSize += itemSize;
        _sections.Add(new StateSection(name, _writer.Guard(() => Blobs(_writer.Codec).Write(content, _writer.Packed))));
    }

    /// <summary>Says which pages were accessed and not written: R. Their content is not stored again.</summary>
    /// <param name="read">The set, which is copied; pages that the epoch writes, then or later, are left out of R.</param>
    public void SetReadSet(PageBitmap read)
    {
        ThrowIfDone();
        ArgumentNullException.ThrowIfNull(read);
        _read?.Dispose();
        _read = new PageBitmap(read.Length);
        _read.Or(read);
    }

    /// <summary>Commits: when this returns, the epoch survives a crash and a loss of power.</summary>
    /// <returns>What the file says of the epoch.</returns>
    /// <exception cref="StorageException">The medium failed or is full; the writer is poisoned and the file keeps its last epoch.</exception>
    public EpochInfo Commit()
    {
        ThrowIfDone();
        EpochRecord finished = _writer.Guard(Finish);
        EpochRecord record = _writer.Commit(finished, Amendments?.Links ?? [], finished.Pack is null ? [] : _options.Packs?.Packed ?? []);
        _options.Packs?.Committed(record);
        _done = true;
        ReleaseMemory();
        return new EpochInfo(record);
    }

    /// <summary>Forgets the epoch unless it was committed. Idempotent.</summary>
    public void Dispose()
    {
        if (!_done)
        {
            _done = true;
            ReleaseMemory();
            _writer.Abandon();
        }
    }

    /// <summary>Puts pages that need no block: absent ones, zero ones, or one word repeated.</summary>
    /// <param name="run">The pages, below the page count.</param>
    /// <param name="entry">What each of them holds.</param>
    internal void PutPlain(PfnRun run, Entry entry)
    {
        ThrowIfDone();
        for (Pfn pfn = run.First; pfn < run.End; pfn += 1)
        {
            Put(pfn, entry, unchanged: CurrentParentEntry(pfn) == entry);
        }
    }

    private void WritePage(Pfn pfn, ReadOnlySpan<byte> page, GuestPageType type)
    {
        if (!GuestPageTypes.IsDefined(type))
        {
            throw new ArgumentOutOfRangeException(nameof(type), type, "Not a page type.");
        }

        if (!GuestPageTypes.HasData(type))
        {
            SetAbsent(new PfnRun(pfn, 1), type);
        }
        else if (_options.SkipUnchanged && _parent is not null && _parent.TryMatch(pfn, page, type, out Entry same))
        {
            Put(pfn, same, unchanged: same == _parent.EntryOf(pfn));
        }
        else
        {
            Put(pfn, _encoder.Encode(pfn, page, type, _writer.Sharing is null ? Entry.Absent : CurrentParentEntry(pfn)), unchanged: false);
        }
    }

    /// <summary>
    /// Notes what a page holds. A page that turns out to be the parent's needs nothing, unless this epoch wrote it before.
    /// </summary>
    private void Put(Pfn pfn, Entry entry, bool unchanged)
    {
        if (unchanged && !_written.Contains(pfn))
        {
            return;
        }

        _table.Put(pfn, entry);
        if (unchanged)
        {
            _written.Clear(pfn);
        }
        else
        {
            _written.Set(pfn);
        }
    }

    private void Extend(Pfn first, long count)
    {
        ThrowIfDone();
        if (first.Value < 0 || count < 0 || first.Value > Pfn.MaxValue + 1 - count)
        {
            throw new ArgumentOutOfRangeException(nameof(first), first, $"Page frame numbers go from 0 to {new Pfn(Pfn.MaxValue)}.");
        }

        PageCount = Math.Max(PageCount, first.Value + count);
        if (PageCount > _written.Length)
        {
            // Doubling, because a source that does not know its size extends the guest batch by batch.
            _written.EnsureLength(Math.Min(Math.Max(PageCount, 2 * _written.Length), Pfn.MaxValue + 1));
        }
    }

    private EpochRecord Finish()
    {
        RemovePagesBehindEnd();
        MoveOutOfSparseSegments();
        TreeRoot table = _table.Finish(PageCount);
        _writer.Trees.MovesNodes = false;
        using PageBitmap written = WrittenSet();
        BlobWriter blobs = Blobs(PageCodecs.None);
        BlobRef writtenSet = EpochSets.Write(blobs, _writer.Index, written);
        using PageBitmap? read = ReadSet(written);
        BlobRef readSet = read is null ? default : EpochSets.Write(blobs, _writer.Index, read);
        var record = new EpochRecord
        {
            Id = Id,
            Parent = Amendments?.Parent ?? _options.Parent ?? default,
            Time = _options.Time ?? _writer.Clock.GetUtcNow(),
            PageCount = PageCount,
            PageTable = table,
            Written = writtenSet,
            Read = readSet,
            PagesWritten = written.Count(),
            PagesRead = read?.Count() ?? 0,
            Counts = _table.Counts,
            Bytes = Bytes,
            Consistency = Amendments?.Consistency ?? Consistency ?? _options.Consistency,
            GuestId = GuestId ?? _options.GuestId,
            BootInstance = _options.BootInstance,
            Label = string.IsNullOrEmpty(_options.Label) ? null : _options.Label,
            Sections = _sections,
        };
        return record with { Pack = Pack(record, new AccessInterval(written, read)) };
    }

    /// <summary>All but the pack is appended by now, and is what the pack copies.</summary>
    private PackRef? Pack(EpochRecord record, AccessInterval interval)
    {
        if ((Amendments?.Plan ?? _options.Packs?.Plan(record, interval)) is not { Length: > 0 } plan)
        {
            return null;
        }

        PackRef? pack = _writer.Packs.TryAppend(record, plan, out PageStoreException? failure);
        if (_options.Packs is { } packs)
        {
            packs.Failure = failure;
        }

        return pack;
    }

    /// <summary>Only along the newest line: what another branch holds goes with it.</summary>
    private void MoveOutOfSparseSegments()
    {
        bool moves = _parent is not null && Amendments is null && _parent.Epoch.Record.Id == _writer.Newest && _parent.Epoch.PageCount <= PageCount
            && _writer.Cleaner.IsDue();
        _writer.Trees.MovesNodes = moves;
        if (moves)
        {
            _writer.Cleaner.Move(_parent!.Epoch, _written, _table);
        }
    }

    /// <summary>A guest that has become smaller than its parent has no page behind its end.</summary>
    private void RemovePagesBehindEnd()
    {
        foreach (PfnRun run in _parent is null || _parent.Epoch.PageCount <= PageCount ? [] : _parent.Epoch.EntryRuns())
        {
            for (Pfn pfn = new(Math.Max(run.First.Value, PageCount)); pfn < run.End; pfn += 1)
            {
                _table.Put(pfn, Entry.Absent);
            }
        }
    }

    private PageBitmap? ReadSet(PageBitmap written)
    {
        PageBitmap? set = _read is null ? null : Resized(_read);
        set?.AndNot(written);
        return set;
    }

    private PageBitmap WrittenSet()
    {
        PageBitmap written = Resized(_written);
        if (Amendments?.Written is { } known)
        {
            if (!Amendments.BaseIsParent)
            {
                written.ClearAll();
            }

            written.Or(known);
        }

        return written;
    }

    /// <summary>A copy with one bit for each page of the guest.</summary>
    private PageBitmap Resized(PageBitmap source)
    {
        var copy = new PageBitmap(PageCount);
        foreach (PfnRun run in source.Runs())
        {
            long count = Math.Min(run.Count, PageCount - run.First.Value);
            if (count > 0)
            {
                copy.SetRange(run.First, count);
            }
        }

        return copy;
    }

    private BlobWriter Blobs(IPageCodec codec) => new(_writer.Trees, _writer.Blocks, codec);

    private Entry CurrentParentEntry(Pfn pfn) => _parent?.EntryOf(pfn) ?? Entry.Absent;

    private void ReleaseMemory()
    {
        _written.Dispose();
        _read?.Dispose();
        _parent?.Dispose();
    }

    private void ThrowIfDone()
    {
        ObjectDisposedException.ThrowIf(_done, this);
        _writer.ThrowIfUnusable();
    }
}
