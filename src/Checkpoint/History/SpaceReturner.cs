namespace PageStore.Checkpoint;

/// <summary>
/// Gives back to the file system what a prune has left dead: free segments as a whole, and for segments that stay in use the dead blocks in them. Where
/// much is dead in pieces that no file system takes back, or in very many, what is live moves out first. For one thread.
/// </summary>
internal sealed class SpaceReturner
{
    /// <summary>Segments are emptied if so many bytes at most are written for one that is given back.</summary>
    private const int Worth = 8;

    /// <summary>
    /// What is moved in the time that a hole takes, at least: some ten microseconds for either on a fast file system, and a hole takes three hundred where
    /// it waits for the device to discard blocks.
    /// </summary>
    private const long BytesMovedPerHole = 16 << 10;

    private readonly WritableFile _file;
    private readonly DeadRanges _dead;
    private readonly SegmentEvacuator _evacuator;

    /// <summary>Where there is something to give back that was not: segments of pages that hold live ones, by how much that is.</summary>
    private Queue<Sparse> _sparse = [];

    /// <summary>Segments that were to be emptied, and are not free: their holes are made in the end.</summary>
    private readonly HashSet<long> _inUse = [];

    /// <summary>Makes a returner.</summary>
    /// <param name="file">The file, between two commits.</param>
    /// <param name="lineage">Which epoch came from which.</param>
    /// <param name="records">The kept epochs; brought up to date.</param>
    /// <param name="dead">What the prune found dead; what moves is added.</param>
    public SpaceReturner(WritableFile file, Lineage lineage, SortedDictionary<long, EpochRecord> records, DeadRanges dead)
    {
        _file = file;
        _dead = dead;
        _evacuator = new SegmentEvacuator(file, lineage, records, dead);
    }

    /// <summary>Gives back what can be; returns how many bytes, and whether readers kept it from more.</summary>
    public (long Bytes, bool IsHeld) Run()
    {
        if (!TrySettle())
        {
            return (_file.ReturnFreeSegments(), true);
        }

        long appended = _file.BytesAppended;
        ILookup<long, (long Offset, long Length)> holes = HolesInUse();
        FindSparse(holes);
        _inUse.UnionWith(_sparse.Select(segment => segment.Number));
        long returned = _file.ReturnFreeSegments() + _file.Punch(holes.Where(segment => !_inUse.Contains(segment.Key)).SelectMany(segment => segment));
        bool isHeld = false;
        while (!isHeld && _sparse.Count > 0)
        {
            (long bytes, isHeld) = Step(holes);
            returned += bytes;
        }

        // What stays live in these was not moved, so they are in use still, and nobody has taken them for anything else.
        returned += isHeld ? 0 : _file.Punch(HolesInUse().Where(segment => _inUse.Contains(segment.Key)).SelectMany(segment => segment));
        return (Math.Max(0, returned - (_file.BytesAppended - appended)), isHeld);
    }

    /// <summary>
    /// Empties as many segments as there is room for at once: twice what is live in them, and all tables anew. Without room for one, it gets holes
    /// instead, which makes room.
    /// </summary>
    private (long Returned, bool IsHeld) Step(ILookup<long, (long Offset, long Length)> holes)
    {
        HashSet<long> batch = Next((_file.Storage.FreeBytes / 2) - _file.Segments.LiveBytesOf(SegmentClass.Index));
        if (batch.Count == 0)
        {
            long number = _sparse.Dequeue().Number;
            _inUse.Remove(number);
            return (_file.Punch(holes[number]), false);
        }

        if (!TryEmpty(batch))
        {
            _sparse.Clear();
            return (0, false);
        }

        if (!TrySettle())
        {
            return (0, true);
        }

        ForgetFree();
        return (_file.ReturnFreeSegments(), false);
    }

    /// <summary>Lets both slots hold the newest root; says whether that is enough for what older ones reached to be given away.</summary>
    private bool TrySettle()
    {
        long needed = _file.Root.Slot.Sequence;
        _file.SettleRoots();
        return _file.OldestNeeded() >= needed;
    }

    /// <summary>The dead blocks in segments that are not free, by segment.</summary>
    private ILookup<long, (long Offset, long Length)> HolesInUse() => _dead.WholeBlocks(_file.Segments)
        .Where(range => !_file.Segments.IsFree(_file.Segments.SegmentOf(range.Offset)))
        .ToLookup(range => _file.Segments.SegmentOf(range.Offset));

    /// <summary>Finds the segments that are worth emptying, those with the least in them first; none, if what that gives is not worth new tables.</summary>
    private void FindSparse(ILookup<long, (long Offset, long Length)> holes)
    {
        List<Sparse> sparse = [];
        foreach ((long number, SegmentEntry account) in _file.Segments.Accounts())
        {
            if (account.Class is SegmentClass.Raw or SegmentClass.Packed && account.LiveBytes > 0 && _file.Segments.CanBeEmptied(number)
                && IsSparse(account, [.. holes[number]]))
            {
                sparse.Add(new Sparse(number, account.LiveBytes, account.UsedBytes - account.LiveBytes));
            }
        }

        if (sparse.Sum(segment => segment.Live) + _file.Segments.LiveBytesOf(SegmentClass.Index) <= Worth * sparse.Sum(segment => segment.Dead))
        {
            sparse.OrderBy(segment => segment.Live).ToList().ForEach(_sparse.Enqueue);
        }
    }

    /// <summary>
    /// Whether little is live, or what is live is moved faster than the holes are made, or the holes would leave much behind. Whole pages fill blocks of the file
    /// system; packed ones leave parts of blocks behind.
    /// </summary>
    private static bool IsSparse(SegmentEntry account, (long Offset, long Length)[] holes)
    {
        long left = account.UsedBytes - account.LiveBytes - holes.Sum(range => range.Length);
        return 2 * account.LiveBytes < account.UsedBytes
            || account.LiveBytes <= BytesMovedPerHole * holes.Length
            || (account.Class == SegmentClass.Packed && account.LiveBytes <= Worth * left);
    }

    private HashSet<long> Next(long room)
    {
        HashSet<long> batch = [];
        while (_sparse.TryPeek(out Sparse next) && next.Live <= room)
        {
            room -= next.Live;
            batch.Add(_sparse.Dequeue().Number);
        }

        return batch;
    }

    /// <summary>
    /// Forgets the segments that are free by now, whether they were to be emptied or only held patches of pages that were. To be called before anything is appended again: the next commit,
    /// even the one that cuts the file off, may take them, and what died in them before is no hole any more.
    /// </summary>
    private void ForgetFree()
    {
        _inUse.RemoveWhere(_file.Segments.IsFree);
        _sparse = new Queue<Sparse>(_sparse.Where(segment => _inUse.Contains(segment.Number)));
    }

    /// <summary>A damaged file is left as it is: the prune itself has been committed.</summary>
    private bool TryEmpty(HashSet<long> segments)
    {
        try
        {
            _evacuator.Empty(segments);
            return true;
        }
        catch (CorruptDataException)
        {
            _file.Forget();
            return false;
        }
    }

    private readonly record struct Sparse(long Number, long Live, long Dead);
}
