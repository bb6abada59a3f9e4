namespace PageStore.Checkpoint;

/// <summary>
/// Appends blocks to packs of one session, which nobody else writes to. A pack that has its size is left, and the next one begun. For one thread. The caller disposes it.
/// </summary>
internal sealed class PackAppender(StoreLayout layout, StoreDatabase database, Guid session, StoreDomain domain, long packBytes, StoreSteps steps) : IDisposable
{
    private readonly StoreStatement _begin = database.Prepare("INSERT INTO pack(session, domain) VALUES(?1, ?2) RETURNING number");
    private readonly byte[] _block = new byte[PackBlock.HeadSize + Layout.MaxBlock];
    private FileStorage? _file;
    private long _number;
    private long _end;

    /// <summary>How many bytes were appended.</summary>
    public long BytesAppended { get; private set; }

    /// <summary>Appends a block, packed if that is worth it; it is durable after <see cref="Sync"/>.</summary>
    /// <returns>Where it stands; without a number.</returns>
    public StoredBlock Append(in BlockHash hash, ReadOnlySpan<byte> plain, IPageCodec codec)
    {
        // As in a checkpoint file: packing must save an eighth.
        int worth = plain.Length - (plain.Length >> 3);
        Span<byte> content = _block.AsSpan(PackBlock.HeadSize);
        PackBlock head;
        if (!ReferenceEquals(codec, PageCodecs.None) && codec.TryPack(plain, content[..worth], out int packed))
        {
            head = new PackBlock(hash, plain.Length, packed, PackForm.Lz4);
        }
        else
        {
            plain.CopyTo(content);
            head = new PackBlock(hash, plain.Length, plain.Length, PackForm.Raw);
        }

        head.Write(_block);
        content[head.StoredBytes..(head.TotalBytes - PackBlock.HeadSize)].Clear();
        return AppendBytes(_block.AsMemory(0, head.TotalBytes));
    }

    /// <summary>Appends a block as it stood in another pack.</summary>
    public StoredBlock AppendBytes(ReadOnlyMemory<byte> block)
    {
        if (_file is null || _end + block.Length > packBytes)
        {
            Next();
        }

        _file!.Write(_end, [block]);
        var place = new StoredBlock(0, _number, _end, block.Length);
        _end += block.Length;
        BytesAppended += block.Length;
        return place;
    }

    /// <summary>Makes what was appended durable.</summary>
    public void Sync()
    {
        if (_file is not null)
        {
            _file.Sync();
            steps.Done($"synced {_number} {_end}");
        }
    }

    public void Dispose() => _file?.Dispose();

    private void Next()
    {
        Sync();
        _file?.Dispose();
        _file = null;

        // The number first: a file without a row is nobody's, and numbers do not come twice.
        _number = database.Write(() =>
        {
            _begin.Bind(1, session).Bind(2, domain.Id).Step();
            long number = _begin.Long(0);
            _begin.Reset();
            return number;
        });
        steps.Done("pack numbered");
        _file = FileStorage.Create(layout.Pack(_number));
        byte[] header = new byte[PackHeader.Size];
        PackHeader.Write(header, database.Store, _number, domain.Name);
        _file.Write(0, [header]);
        FileStorage.SyncFolderOf(layout.Pack(_number));
        _end = PackHeader.Size;
        steps.Done($"synced {_number} 0");
    }
}
