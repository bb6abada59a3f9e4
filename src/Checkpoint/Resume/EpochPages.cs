namespace PageStore.Checkpoint;

/// <summary>Reads pages of an epoch on their way into a guest. A page that cannot be had is told apart from the others, which are read all the same. One for each thread.</summary>
internal sealed class EpochPages
{
    private readonly Epoch _epoch;
    private readonly ScatteredReader _reader;
    private readonly TreeCursor _cursor;
    private readonly ResumePack? _pack;
    private readonly PageClass[] _classes = new PageClass[FillBatch.Capacity];
    private readonly List<DamagedPage> _damaged = [];

    /// <param name="epoch">The epoch.</param>
    /// <param name="pack">Its pack, which all threads share; null without.</param>
    /// <exception cref="CorruptDataException">The root of the epoch's page table is damaged.</exception>
    public EpochPages(Epoch epoch, ResumePack? pack)
    {
        _epoch = epoch;
        _cursor = epoch.NewCursor();
        _pack = pack;
        _reader = new ScatteredReader(epoch);
    }

    public int PageSize => _epoch.PageSize;

    /// <summary>Reads all pages of a batch.</summary>
    public void Read(FillBatch batch)
    {
        _damaged.Clear();
        if (batch.IsPacked)
        {
            batch.Fill(ReadPack);
        }
        else
        {
            _reader.Read(batch.Pages, batch.Buffer, _classes.AsSpan(0, batch.Count), _damaged);
        }

        Span<PageClass> classes = _classes.AsSpan(0, batch.Count);
        for (int i = 0; i < classes.Length; i++)
        {
            batch.Contents[i] = ContentOf(classes[i]);
        }

        foreach (DamagedPage damage in _damaged)
        {
            batch.Contents[damage.Index] = FillContent.Damaged;
        }
    }

    /// <summary>Reads one page.</summary>
    public FillContent Read(Pfn page, Span<byte> content)
    {
        try
        {
            Entry entry = _epoch.GetEntry(_cursor, page, out _);
            FillContent kind = ContentOf(ClassCounts.ClassOf(entry.Kind));
            if (kind == FillContent.Data)
            {
                _epoch.ReadContent(page, entry, content);
            }

            return kind;
        }
        catch (PageStoreException)
        {
            return FillContent.Damaged;
        }
    }

    private int ReadPack(byte[] buffer, Pfn[] pages)
    {
        lock (_pack!)
        {
            return _pack.ReadNext(buffer, pages, _classes, _damaged);
        }
    }

    private static FillContent ContentOf(PageClass kind) => kind is PageClass.Absent or PageClass.Zero ? FillContent.Zero : FillContent.Data;
}
