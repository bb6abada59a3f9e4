namespace PageStore.Checkpoint;

/// <summary>
/// Gives back to the file system what a prune has left dead: free segments as a whole, and for segments that stay in use the dead blocks in them. Where
/// much is dead in pieces that no file system takes back, or in very many, what is live moves out first. For one thread.
/// </summary>
internal sealed class SpaceReturner
{
    /// <summary>A segment of packed pages is emptied if so many live bytes at most are moved for one that is given back.</summary>
    private const int Worth = 8;

    /// <summary>
    /// What is moved in the time that a hole takes, at least: some ten microseconds for either on a fast file system, and a hole takes three hundred where
    /// it waits for the device to discard blocks.
    /// </summary>
    private const long BytesMovedPerHole = 16 << 10;

    /// <summary>Segments that may be moved even if nothing was given back before.</summary>
    private const int FewSegments = 4;

    private readonly WritableFile _file;
    private readonly DeadRanges _dead;
    private readonly SegmentEvacuator _evacuator;

    /// <summary>Makes a returner.</summary>
    /// <param name="file">The file, between two commits.</param>
    /// <param name="lineage">Which epoch came from which.</param>
    /// <param name="records">The kept epochs; brought up to date.</param>
    /// <param name="dead">What the prune found dead.</param>
    public SpaceReturner(WritableFile file, Lineage lineage, SortedDictionary<long, EpochRecord> records, DeadRanges dead)
    {
        _file = file;
        _dead = dead;
        _evacuator = new SegmentEvacuator(file, lineage, records);
    }

    /// <summary>Gives back what can be; returns how many bytes, and whether readers kept it from more.</summary>
    public (long Bytes, bool IsHeld) Run()
    {
        long needed = _file.Root.Slot.Sequence;
        _file.SettleRoots();
        if (_file.OldestNeeded() < needed)
        {
            return (_file.ReturnFreeSegments(), true);
        }

        long appended = _file.BytesAppended;
        ILookup<long, (long Offset, long Length)> holes = HolesInUse();
        Queue<(long Number, long Live)> sparse = Sparse(holes);
        HashSet<long> later = [.. sparse.Select(segment => segment.Number)];
        long returned = _file.ReturnFreeSegments() + _file.Punch(holes.Where(segment => !later.Contains(segment.Key)).SelectMany(segment => segment));
        while (Next(sparse, returned - (_file.BytesAppended - appended)) is { Count: > 0 } batch && TryEmpty(batch))
        {
            later.ExceptWith(batch);
            _file.SettleRoots();
            returned += _file.ReturnFreeSegments();
        }

        // What is live in these was not moved, so they are in use still.
        returned += _file.Punch(holes.Where(segment => later.Contains(segment.Key)).SelectMany(segment => segment));
        return (Math.Max(0, returned - (_file.BytesAppended - appended)), false);
    }

    /// <summary>The dead blocks in segments that are not free, by segment.</summary>
    private ILookup<long, (long Offset, long Length)> HolesInUse()
    {
        HashSet<long> free = [.. _file.Segments.Accounts().Where(segment => segment.Account.Class == SegmentClass.Free).Select(segment => segment.Number)];
        return _dead.WholeBlocks(_file.Segments).Where(range => !free.Contains(_file.Segments.SegmentOf(range.Offset))).ToLookup(range => _file.Segments.SegmentOf(range.Offset));
    }

    /// <summary>The segments that are worth emptying, those with the least in them first.</summary>
    private Queue<(long Number, long Live)> Sparse(ILookup<long, (long Offset, long Length)> holes)
    {
        List<(long Number, long Live)> sparse = [];
        foreach ((long number, SegmentEntry account) in _file.Segments.Accounts())
        {
            if (account.Class is not (SegmentClass.Raw or SegmentClass.Packed) || account.LiveBytes == 0 || !_file.Segments.CanBeEmptied(number))
            {
                continue;
            }

            if (IsSparse(account, [.. holes[number]]))
            {
                sparse.Add((number, account.LiveBytes));
            }
        }

        return new(sparse.OrderBy(segment => segment.Live));
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

    /// <summary>Takes segments to be emptied at once. Half of what was given back is room enough for their pages, whoever else fills the disk: the other half is for the tables.</summary>
    private HashSet<long> Next(Queue<(long Number, long Live)> sparse, long returned)
    {
        HashSet<long> batch = [];
        long room = Math.Max(returned / 2, FewSegments * _file.Header.SegmentSize);
        while (sparse.TryPeek(out (long Number, long Live) next) && next.Live <= room)
        {
            room -= next.Live;
            batch.Add(sparse.Dequeue().Number);
        }

        return batch;
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
}
