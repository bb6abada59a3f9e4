namespace PageStore.Checkpoint;

/// <summary>
/// One addition to a store in a folder: puts blocks batch by batch, and with each batch, in the same transaction, the list of what the new checkpoint references of it. So at each moment everything
/// in a list is there, and a collection, which takes nothing that is in a list, needs to know nothing of additions under way. For one thread. The caller disposes it.
/// </summary>
internal sealed class StoreAddition : IBlockStore
{
    /// <summary>The content of one batch; with two syncs a batch, this many bytes keep the disk writing.</summary>
    public const int BatchBytes = 16 << 20;

    private readonly StoreLayout _layout;
    private readonly StoreDatabase _database;
    private readonly PackFiles _packs;
    private readonly PackAppender _appender;
    private readonly IPageCodec _codec;
    private readonly StoreSteps _steps;
    private readonly long _checkpoint;
    private readonly long _domain;
    private readonly StoreStatement _insert;
    private readonly StoreStatement _reference;
    private readonly StoreStatement _nextBlock;
    private readonly StoreStatement _setNextBlock;
    private readonly byte[] _content = GC.AllocateUninitializedArray<byte>(BatchBytes);
    private readonly Dictionary<BlockHash, Range> _pending = [];
    private readonly Dictionary<BlockHash, StoredBlock> _appended = [];
    private readonly List<BlockHash> _missing = [];
    private readonly long[] _numbers = new long[BatchBytes / PageSizes.Min];
    private int _used;

    public StoreAddition(StoreLayout layout, StoreDatabase database, PackAppender appender, long checkpoint, long domain, IPageCodec codec, StoreSteps steps)
    {
        _layout = layout;
        _database = database;
        _packs = new PackFiles(layout, database.Store);
        _appender = appender;
        _checkpoint = checkpoint;
        _domain = domain;
        _codec = codec;
        _steps = steps;
        _insert = database.Prepare("INSERT INTO block VALUES(?1, ?2, ?3, ?4, ?5, ?6)");
        _reference = database.Prepare("INSERT INTO reference(checkpoint, blocks) VALUES(?1, ?2)");
        _nextBlock = database.Prepare("SELECT next_block FROM store");
        _setNextBlock = database.Prepare("UPDATE store SET next_block = ?1");
    }

    public string Name => _layout.Folder;

    /// <summary>How many blocks were put that the domain did not have.</summary>
    public long BlocksAdded { get; private set; }

    /// <summary>How many bytes of plain content those have.</summary>
    public long BytesAdded { get; private set; }

    public bool Contains(in BlockHash hash) => _pending.ContainsKey(hash) || _database.Find(_domain, hash) is not null;

    public bool TryRead(in BlockHash hash, Span<byte> plain)
    {
        if (_pending.TryGetValue(hash, out Range range))
        {
            _content.AsSpan(range).CopyTo(plain);
            return true;
        }

        return _packs.TryRead(_database, _domain, hash, plain);
    }

    public void Put(in BlockHash hash, ReadOnlySpan<byte> plain)
    {
        if (_pending.ContainsKey(hash))
        {
            return;
        }

        if (_used + plain.Length > _content.Length)
        {
            Flush();
        }

        plain.CopyTo(_content.AsSpan(_used));
        _pending.Add(hash, _used..(_used + plain.Length));
        _used += plain.Length;
    }

    public void Flush()
    {
        if (_pending.Count == 0)
        {
            return;
        }

        _missing.Clear();
        foreach (BlockHash hash in _pending.Keys)
        {
            if (_database.Find(_domain, hash) is null)
            {
                _missing.Add(hash);
            }
        }

        do
        {
            AppendMissing();
        }
        while (!_database.Write(TryCommit));

        _steps.Done("batch committed");
        _pending.Clear();
        _appended.Clear();
        _used = 0;
    }

    public void Dispose()
    {
        _packs.Dispose();
        _appender.Dispose();
    }

    /// <summary>The content is on the medium before anything names it.</summary>
    private void AppendMissing()
    {
        foreach (BlockHash hash in _missing)
        {
            _appended.Add(hash, _appender.Append(hash, _content.AsSpan(_pending[hash]), _codec));
        }

        if (_missing.Count > 0)
        {
            _steps.Done("blocks appended");
            _appender.Sync();
        }

        _missing.Clear();
    }

    /// <summary>Inserts what is new, and the list; false where a collection took a block that was there a moment ago, which is then missing.</summary>
    private bool TryCommit()
    {
        long next = NextBlock();
        int count = 0;
        int inserted = 0;
        foreach (BlockHash hash in _pending.Keys)
        {
            if (_database.Find(_domain, hash) is { } there)
            {
                _numbers[count++] = there.Id;
            }
            else if (_appended.ContainsKey(hash))
            {
                _numbers[count++] = next + inserted++;
            }
            else
            {
                _missing.Add(hash);
            }
        }

        if (_missing.Count > 0)
        {
            return false;
        }

        Insert(next);
        _setNextBlock.Bind(1, next + inserted).Run();
        _reference.Bind(1, _checkpoint).Bind(2, ReferenceList.Encode(_numbers.AsSpan(0, count))).Run();
        return true;
    }

    private void Insert(long next)
    {
        foreach (BlockHash hash in _pending.Keys)
        {
            if (_appended.TryGetValue(hash, out StoredBlock place) && _database.Find(_domain, hash) is null)
            {
                _insert.Bind(1, _domain).Bind(2, hash).Bind(3, next++).Bind(4, place.Pack).Bind(5, place.Offset / Layout.Unit).Bind(6, place.Bytes / Layout.Unit).Run();
                BlocksAdded++;
                BytesAdded += _pending[hash].End.Value - _pending[hash].Start.Value;
            }
        }
    }

    private long NextBlock()
    {
        _nextBlock.Step();
        long next = _nextBlock.Long(0);
        _nextBlock.Reset();
        return next;
    }
}
