namespace PageStore.Checkpoint;

/// <summary>
/// Begins the sessions of one writer, and puts them into the session table with the commit that first has blocks of theirs. No sync
/// has to come before: the same root reaches the blocks and the record without which they cannot be opened. For one thread.
/// </summary>
internal sealed class SessionWriter
{
    private readonly FileHeader _header;
    private readonly CheckpointWriterOptions _options;
    private readonly SegmentAppender _target;
    private readonly NodeReader _nodes;
    private readonly BlockAppender _blocks = new(null);
    private readonly TreeWriter _trees;
    private readonly byte[] _random = new byte[SessionRecord.RandomSize];
    private uint _number;
    private bool _pending;

    /// <param name="header">The header, with its keys.</param>
    /// <param name="options">Random bytes and the clock.</param>
    /// <param name="storage">The file.</param>
    /// <param name="target">Takes nodes and records.</param>
    public SessionWriter(FileHeader header, CheckpointWriterOptions options, IStorage storage, SegmentAppender target)
    {
        _header = header;
        _options = options;
        _target = target;
        _nodes = new NodeReader(new BlockReader(storage, header.SegmentSize, long.MaxValue, [target]));
        _trees = new TreeWriter(_nodes, target, _blocks, null, header.PageSize);
    }

    /// <summary>Begins a session: only in memory so far.</summary>
    /// <param name="table">The committed table.</param>
    /// <param name="opener">Will have to open the session's blocks before the table has it.</param>
    /// <exception cref="UnsupportedException">The file has had 2^32 - 1 sessions.</exception>
    public SessionCipher Begin(SessionTable table, BlockOpener opener)
    {
        long number = Math.Max(table.LastNumber(), _number) + 1;
        if (number > uint.MaxValue)
        {
            throw new UnsupportedException("The encrypted file was opened for writing 2^32 times, the most that its format can count. Begin a new file.");
        }

        _number = (uint)number;
        _options.FillRandom(_random);
        _pending = true;
        return opener.Begin(_number, _random);
    }

    /// <summary>Appends what the session table lacks.</summary>
    /// <param name="table">The committed table.</param>
    /// <returns>The table of the root under way.</returns>
    public TreeRoot Append(TreeRoot table)
    {
        if (!_pending)
        {
            return table;
        }

        Span<byte> record = _blocks.Begin(_target, SessionRecord.Size);
        SessionRecord.Write(record, _random, _options.Clock.GetUtcNow());
        return Apply(table, [new LeafChange(_number, 0, _blocks.End(EntryKind.Record, ContentSum.Of(record)))]);
    }

    /// <summary>Notes that the root with the table is committed.</summary>
    public void Committed() => _pending = false;

    /// <summary>Writes the table anew, with its records.</summary>
    public TreeRoot Copy(TreeRoot table)
    {
        List<LeafChange> leaves = [];
        Span<byte> buffer = stackalloc byte[SessionRecord.Size];
        foreach ((long number, Entry entry) in Leaves(table))
        {
            ReadOnlySpan<byte> record = SessionTable.ReadStored(_nodes, entry, buffer);
            record.CopyTo(_blocks.Begin(_target, SessionRecord.Size));
            leaves.Add(new LeafChange(number, 0, _blocks.End(EntryKind.Record, ContentSum.Of(record))));
        }

        return leaves.Count == 0 ? default : Apply(default, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(leaves));
    }

    /// <summary>How many bytes nodes and records of the table take.</summary>
    public long SizeOf(TreeRoot table) => TreeSize.Of(_nodes, table, TreeKind.SessionTable) + (Leaves(table).Count * (long)SessionRecord.Size);

    private List<(long Number, Entry Entry)> Leaves(TreeRoot table)
    {
        List<(long, Entry)> leaves = [];
        new TreeDiff(_nodes, TreeKind.SessionTable, (number, _, entry) => leaves.Add((number, entry))).Run(default, table);
        return leaves;
    }

    private TreeRoot Apply(TreeRoot table, ReadOnlySpan<LeafChange> changes) =>
        _trees.Apply(table, TreeKind.SessionTable, Math.Max(table.Height, TreeRoot.HeightFor(changes[^1].Key + 1)), changes);
}
