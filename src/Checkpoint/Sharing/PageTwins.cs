namespace PageStore.Checkpoint;

/// <summary>
/// Finds, for a page that is to be stored, a block of the file that holds the same: by the sum of its content, and then byte for byte, since equal sums are not equal bytes. Of a plain file it
/// knows all blocks of one epoch, whose sums stand in the page table, and what was stored since; of an encrypted one, whose sums say nothing, only the latter. For one thread, allocates nothing
/// per page.
/// </summary>
/// <param name="file">The file.</param>
/// <param name="maxBytes">The most memory that the index takes.</param>
internal sealed class PageTwins(WritableFile file, long maxBytes)
{
    /// <summary>An entry's first number without the type of the page.</summary>
    private const ulong WithoutType = ~(0xFUL << 56);

    private readonly ContentIndex _index = new(maxBytes);

    /// <summary>Blocks of an encrypted file that are free, by their places: their sums cannot be told any more.</summary>
    private readonly HashSet<long> _dead = [];
    private readonly byte[] _page = new byte[file.Header.PageSize];
    private bool _isLoaded;

    /// <summary>How much memory the index takes.</summary>
    public long IndexBytes => _index.Bytes;

    /// <summary>Learns the blocks of an epoch, unless it knows one. Of a file that has none yet it learns them as they are stored.</summary>
    /// <param name="epoch">The epoch; null where one without a parent begins.</param>
    public void Load(Epoch? epoch)
    {
        if (_isLoaded)
        {
            return;
        }

        _isLoaded = epoch is not null || file.Root.Slot.EpochCount == 0;
        if (epoch is null || !file.Contents.SumsCompare)
        {
            return;
        }

        var walk = new TreeRunDiff(file.Root.Nodes, TreeKind.PageTable)
        {
            Visit = (_, _, _, entry) =>
            {
                if (entry.IsWhole)
                {
                    _index.Put(entry.ContentSum, entry.Word & WithoutType);
                }
            },

            // What is damaged has no twins.
            Lost = static (_, _, _) => { },
        };
        walk.Run(default, epoch.Record.PageTable);
    }

    /// <summary>The entry of a block with the content of a page, as several pages name it; null where none is known.</summary>
    /// <param name="page">The content.</param>
    /// <param name="sum">Its sum.</param>
    /// <param name="type">What the entry says of the page.</param>
    public Entry? Find(ReadOnlySpan<byte> page, ContentSum sum, GuestPageType type)
    {
        if (!_index.TryFind(sum, out ulong block) || file.Segments.IsSparse(new Entry(block, 0).Offset) || _dead.Contains(new Entry(block, 0).Offset))
        {
            return null;
        }

        try
        {
            Entry twin = file.Contents.ReadTwin(new Entry(block, sum.Value), _page);
            if (!page.SequenceEqual(_page))
            {
                return null;
            }

            Note(twin);
            return twin.AsShared().WithType(type);
        }
        catch (CorruptDataException)
        {
            // A damaged block is nobody's twin.
            return null;
        }
    }

    /// <summary>Learns a block that was stored for one page.</summary>
    /// <param name="sum">The sum of its content.</param>
    /// <param name="entry">Its entry.</param>
    public void Add(ContentSum sum, Entry entry)
    {
        _dead.Remove(entry.Offset);
        _index.Put(sum, entry.Word & WithoutType);
    }

    /// <summary>Forgets a block that nothing names any more.</summary>
    /// <param name="entry">An entry that named it.</param>
    public void Remove(Entry entry)
    {
        if (file.Contents.SumsCompare)
        {
            _index.Remove(entry.ContentSum, entry.Offset);
        }
        else
        {
            _dead.Add(entry.Offset);
        }
    }

    /// <summary>Forgets everything: what was learnt last is not in the file.</summary>
    public void Clear()
    {
        _index.Clear();
        _dead.Clear();
        _isLoaded = false;
    }

    /// <summary>Committed blocks are counted when the epoch is complete.</summary>
    private void Note(Entry twin)
    {
        if (file.Segments.IsFresh(twin.Offset))
        {
            file.Shares.AddFresh(twin.Offset);
        }
    }
}
