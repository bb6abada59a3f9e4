namespace PageStore.Checkpoint;

/// <summary>
/// Reads pages of an epoch that lie anywhere in the file, many at once: it looks them all up, sorts them by their places, and reads neighbours in one go. What a resume reads that
/// has no pack, or of pages outside it. Keeps about 1.1 MiB, and allocates nothing per page. Not thread-safe: one for each thread, any number over one epoch.
/// </summary>
public sealed class ScatteredReader
{
    /// <summary>The most pages of one batch; their index in the batch takes the twelve bits that a place leaves over where places are sorted.</summary>
    public const int MaxPages = 1 << IndexBits;

    private const int IndexBits = 12;

    /// <summary>The unit of <see cref="WriteChunk.FullBytes"/>: disks reach their throughput at about 1 MiB a request, and no more behind it.</summary>
    private const int LargestRead = 1 << 20;

    /// <summary>
    /// Bytes that nobody asked for and that are read on the way to the next page. A second read costs a disk 50 to 100 microseconds, in which it would have read as much and more; out of the
    /// page cache it is the other way round, and this costs 3 microseconds.
    /// </summary>
    private const int LargestGap = 32 << 10;

    private readonly Epoch _epoch;
    private readonly BlockReader _blocks;
    private readonly TreeCursor _cursor;
    private readonly Entry[] _entries = new Entry[MaxPages];
    private readonly ulong[] _places = new ulong[MaxPages];
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(LargestRead);

    /// <summary>Makes a reader.</summary>
    /// <param name="epoch">Where the pages are; it must stay usable as long as the reader is used.</param>
    /// <exception cref="CorruptDataException">The root of its page table is damaged.</exception>
    public ScatteredReader(Epoch epoch)
    {
        ArgumentNullException.ThrowIfNull(epoch);
        _epoch = epoch;
        _blocks = epoch.Nodes.Blocks;
        _cursor = epoch.NewCursor();
    }

    /// <summary>
    /// Reads a batch of pages, in any order, each checked before it is handed out. Absent and zero pages read as zeros, and like those that repeat a word they need no read. Quickest with ascending pages.
    /// </summary>
    /// <param name="pages">At most <see cref="MaxPages"/>, below <see cref="Epoch.PageCount"/>; one may come several times.</param>
    /// <param name="buffer">Receives page <c>i</c> of the batch at <c>i</c> times <see cref="Epoch.PageSize"/>; exactly so long.</param>
    /// <param name="classes">Receives what kind of content each page has; one for each. A page that cannot be had counts as data.</param>
    /// <param name="damaged">
    /// Receives the pages that cannot be had, which read as zeros; all others are right. Null stands for throwing the first reason, with all of the buffer zeroed.
    /// </param>
    /// <exception cref="ArgumentException">There are too many pages, or the lengths do not fit.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A page lies outside the guest.</exception>
    /// <exception cref="CorruptDataException">A page is damaged, and nothing takes the damaged ones.</exception>
    /// <exception cref="StorageException">The medium failed, and nothing takes the damaged pages.</exception>
    /// <exception cref="UnsupportedException">A page is stored in a form that this version does not read, and nothing takes the damaged ones.</exception>
    public void Read(ReadOnlySpan<Pfn> pages, Span<byte> buffer, Span<PageClass> classes, ICollection<DamagedPage>? damaged = null)
    {
        if (pages.Length > MaxPages || buffer.Length != (long)pages.Length * _epoch.PageSize || classes.Length != pages.Length)
        {
            throw new ArgumentException($"A batch has up to {MaxPages} pages, {_epoch.PageSize} bytes of the buffer and one class for each; there are {pages.Length} pages, {buffer.Length} bytes and {classes.Length} classes.", nameof(pages));
        }

        foreach (Pfn page in pages)
        {
            if (page.Value < 0 || page.Value >= _epoch.PageCount)
            {
                throw new ArgumentOutOfRangeException(nameof(pages), page, $"The epoch has {_epoch.PageCount} pages.");
            }
        }

        try
        {
            var batch = new Batch(pages, buffer, classes, damaged, _epoch.PageSize);
            ReadPlaces(batch, LookUp(batch));
        }
        catch
        {
            buffer.Clear();
            throw;
        }
    }

    /// <summary>What the page table says of a page of the batch that was read last.</summary>
    internal Entry EntryOf(int index) => _entries[index];

    /// <summary>Looks all pages up, and fills those that need no read; returns how many do.</summary>
    private int LookUp(in Batch batch)
    {
        int count = 0;
        for (int i = 0; i < batch.Pages.Length; i++)
        {
            batch.Classes[i] = PageClass.Data;
            try
            {
                Entry entry = _epoch.GetEntry(_cursor, batch.Pages[i], out _);
                batch.Classes[i] = ClassCounts.ClassOf(entry.Kind);
                _entries[i] = entry;
                if (entry.IsWhole || entry.Kind == EntryKind.Patch)
                {
                    _places[count++] = ((ulong)(entry.Offset / Layout.Unit) << IndexBits) | (uint)i;
                }
                else
                {
                    _epoch.ReadContent(batch.Pages[i], entry, batch.ContentOf(i));
                }
            }
            catch (PageStoreException reason)
            {
                batch.Report(i, reason);
            }
        }

        return count;
    }

    /// <summary>Reads what lies in the first <paramref name="count"/> places, by ascending ones.</summary>
    private void ReadPlaces(in Batch batch, int count)
    {
        Span<ulong> places = _places.AsSpan(0, count);
        places.Sort();
        while (!places.IsEmpty)
        {
            int run = RunOf(places, out long start, out int length);
            ReadRun(batch, places[..run], start, length);
            places = places[run..];
        }
    }

    /// <summary>How many of the first places are read together, and where that is.</summary>
    private int RunOf(ReadOnlySpan<ulong> places, out long start, out int length)
    {
        Entry first = EntryAt(places[0]);
        start = first.Offset;
        length = BytesOf(first);
        int run = 1;
        for (; run < places.Length; run++)
        {
            Entry next = EntryAt(places[run]);
            long behind = next.Offset + BytesOf(next) - start;
            if (next.Offset - start - length > LargestGap || behind > LargestRead || !_blocks.IsInside(start, (int)behind))
            {
                break;
            }

            length = Math.Max(length, (int)behind);
        }

        return run;
    }

    private void ReadRun(in Batch batch, ReadOnlySpan<ulong> places, long start, int length)
    {
        bool isRead = TryRead(start, length);
        foreach (ulong place in places)
        {
            int index = IndexOf(place);
            Entry entry = _entries[index];
            try
            {
                if (isRead)
                {
                    _epoch.DecodeContent(batch.Pages[index], entry, _buffer.AsSpan((int)(entry.Offset - start), BytesOf(entry)), batch.ContentOf(index));
                }
                else
                {
                    _epoch.ReadContent(batch.Pages[index], entry, batch.ContentOf(index));
                }
            }
            catch (PageStoreException reason)
            {
                batch.Report(index, reason);
            }
        }
    }

    /// <summary>Where one page of a run cannot be read, the others may be: then each is read for itself.</summary>
    private bool TryRead(long start, int length)
    {
        try
        {
            _blocks.ReadRange(start, _buffer.AsSpan(0, length));
            return true;
        }
        catch (PageStoreException)
        {
            return false;
        }
    }

    private static int IndexOf(ulong place) => (int)(place & (MaxPages - 1));

    private Entry EntryAt(ulong place) => _entries[IndexOf(place)];

    private int BytesOf(Entry entry) => entry.BlockBytes(_epoch.PageSize, _blocks.Overhead);

    /// <summary>What one call was given.</summary>
    private readonly ref struct Batch(ReadOnlySpan<Pfn> pages, Span<byte> buffer, Span<PageClass> classes, ICollection<DamagedPage>? damaged, int pageSize)
    {
        private readonly Span<byte> _buffer = buffer;

        public ReadOnlySpan<Pfn> Pages { get; } = pages;

        public Span<PageClass> Classes { get; } = classes;

        public Span<byte> ContentOf(int index) => _buffer.Slice(index * pageSize, pageSize);

        public void Report(int index, PageStoreException reason)
        {
            if (damaged is null)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(reason);
            }

            ContentOf(index).Clear();
            damaged.Add(new DamagedPage(index, Pages[index], reason));
        }
    }
}
