namespace PageStore.Checkpoint;

/// <summary>
/// Hands out segments, the lowest reusable one first, and keeps account of what in them is used and live. What changed since the
/// last commit is kept apart, so that it can be forgotten. For one thread.
/// </summary>
internal sealed class SegmentAllocator(long segmentSize)
{
    private readonly List<SegmentEntry> _committed = [];
    private readonly SortedDictionary<long, SegmentEntry> _changed = [];

    /// <summary>Free segments that nobody can reach any more.</summary>
    private readonly SortedSet<long> _reusable = [];

    /// <summary>Reusable segments that were given back to the file system already.</summary>
    private readonly HashSet<long> _returned = [];

    /// <summary>Free segments that somebody may still reach.</summary>
    private readonly List<long> _waiting = [];

    /// <summary>Segments taken since the last commit.</summary>
    private readonly HashSet<long> _taken = [];

    /// <summary>How far each class had been filled at the last commit: what lies behind is not committed.</summary>
    private AppendPositions _floor;

    /// <summary>Of the segments taken since the last commit, those that hold nothing that is kept, see <see cref="KeepFresh"/>.</summary>
    private readonly HashSet<long> _fresh = [];

    /// <summary>How far each class had been filled when it was last said to be kept.</summary>
    private AppendPositions _freshFloor;

    /// <summary>How many segments the file has, free ones included.</summary>
    public long Count { get; private set; }

    /// <summary>The end of the last block in any segment; where there is none, the place of the first segment.</summary>
    public long DataEnd { get; private set; } = Layout.SegmentsOffset;

    /// <summary>Whether anything changed since the last commit.</summary>
    public bool HasChanges => _changed.Count > 0;

    /// <summary>Whether free segments wait for somebody who may still reach them.</summary>
    public bool HasWaiting => _waiting.Count > 0;

    /// <summary>How many meta segments there are.</summary>
    public int MetaSegments { get; private set; }

    /// <summary>The bytes of the segments that have an account, and how many of them are live.</summary>
    public (long Capacity, long Live) Utilisation { get; private set; }

    /// <summary>The committed accounts and those changed since, by number.</summary>
    public IEnumerable<(long Number, SegmentEntry Account)> Accounts()
    {
        for (long number = 0; number < Count; number++)
        {
            yield return (number, AccountOf(number));
        }
    }

    /// <summary>Takes over the accounts of a committed root, once.</summary>
    public void Load(IEnumerable<SegmentEntry> accounts, AppendPositions positions, long dataEnd)
    {
        _committed.AddRange(accounts);
        _waiting.AddRange(Enumerable.Range(0, _committed.Count).Where(number => _committed[number].Class == SegmentClass.Free).Select(number => (long)number));
        Forget(positions, dataEnd);
    }

    /// <summary>Goes back to the last committed state.</summary>
    public void Forget(AppendPositions positions, long dataEnd)
    {
        foreach (long number in _taken)
        {
            if (number < _committed.Count)
            {
                _reusable.Add(number);
            }
        }

        _changed.Clear();
        Settle(positions, dataEnd);
        Utilisation = default;
        _committed.ForEach(account => Weigh(account, 1));
        MetaSegments = _committed.Count(account => account.Class == SegmentClass.Meta);
    }

    /// <summary>Takes what changed for committed.</summary>
    public void Commit(AppendPositions positions, long dataEnd)
    {
        foreach ((long number, SegmentEntry account) in _changed)
        {
            if (number < _committed.Count)
            {
                _committed[(int)number] = account;
            }
            else
            {
                _committed.Add(account);
            }

            if (account.Class == SegmentClass.Free && account != SegmentEntry.Gone)
            {
                _waiting.Add(number);
            }
        }

        _changed.Clear();
        _committed.RemoveRange((int)Count, _committed.Count - (int)Count);
        Settle(positions, dataEnd);
    }

    /// <summary>Lets free segments be taken that were freed by a root up to <paramref name="sequence"/>.</summary>
    public void MakeReusable(long sequence)
    {
        _reusable.UnionWith(_waiting.Where(number => _committed[(int)number].FreedAt <= sequence));
        _waiting.RemoveAll(_reusable.Contains);
    }

    /// <summary>A segment to fill.</summary>
    /// <param name="segmentClass">What it will hold.</param>
    /// <param name="full">Where the class's segment before it ends, 0 if it had none.</param>
    /// <returns>The file offset of its first byte.</returns>
    /// <exception cref="StorageException">The file has reached the size that the format can address.</exception>
    public long Take(SegmentClass segmentClass, long full)
    {
        if (full != 0)
        {
            Close(SegmentOf(full - 1), full);
        }

        long number = _reusable.Count > 0 ? _reusable.Min : Count;
        if (StartOf(number) + segmentSize > Layout.MaxFileBytes)
        {
            throw new StorageException("The checkpoint file has reached 256 TiB, the most that its format can address. Prune it, or begin a new file.");
        }

        _reusable.Remove(number);
        _returned.Remove(number);
        _taken.Add(number);
        _fresh.Add(number);
        Set(number, new SegmentEntry(segmentClass, 0, 0));
        Count = Math.Max(Count, number + 1);
        MetaSegments += segmentClass == SegmentClass.Meta ? 1 : 0;
        return StartOf(number);
    }

    /// <summary>How many bytes of the segment lie behind a position in it, or at its very end.</summary>
    public long RoomBehind(long position) => StartOf(SegmentOf(position - 1) + 1) - position;

    /// <summary>Notes a block at the end of a segment.</summary>
    public void Use(long offset, int bytes)
    {
        long number = SegmentOf(offset);
        SegmentEntry account = AccountOf(number);
        if (account.Class != SegmentClass.Meta)
        {
            Set(number, account with { UsedBytes = offset + bytes - StartOf(number), LiveBytes = account.LiveBytes + bytes });
        }

        DataEnd = Math.Max(DataEnd, offset + bytes);
    }

    /// <summary>Notes that nothing reaches a block any more.</summary>
    /// <exception cref="CorruptDataException">More is released of the segment than was live.</exception>
    public void Release(long offset, int bytes)
    {
        long number = SegmentOf(offset);
        SegmentEntry account = AccountOf(number);
        if (account.LiveBytes < bytes)
        {
            throw Damage.At(offset, $"the account of segment {number} is wrong: {bytes} bytes are released and {account.LiveBytes} are live. Compact the file to a new one");
        }

        Set(number, account with { LiveBytes = account.LiveBytes - bytes });
    }

    /// <summary>Whether a block was appended since the last commit, or since <see cref="KeepFresh"/>: who replaces it releases it at once.</summary>
    public bool IsFresh(long offset)
    {
        long number = SegmentOf(offset);
        long floor = AccountOf(number).Class switch
        {
            SegmentClass.Raw => _freshFloor.Raw,
            SegmentClass.Packed => _freshFloor.Packed,
            SegmentClass.Index => _freshFloor.Index,
            _ => _freshFloor.Meta,
        };
        return _fresh.Contains(number) || (floor != 0 && offset >= floor && number == SegmentOf(floor - 1));
    }

    /// <summary>Lets what was appended up to here be replaced without being released.</summary>
    public void KeepFresh(AppendPositions positions)
    {
        _freshFloor = positions;
        _fresh.Clear();
    }

    /// <summary>Whether a segment is full and counted, so that moving what is live in it frees it.</summary>
    public bool CanBeEmptied(long number) => IsCounted(AccountOf(number).Class) && !_taken.Contains(number) && !IsOpen(number, _floor);

    /// <summary>Whether a segment holds nothing, or is not there any more.</summary>
    public bool IsFree(long number) => number >= Count || AccountOf(number).Class == SegmentClass.Free;

    /// <summary>How much is live in the segments of a class.</summary>
    public long LiveBytesOf(SegmentClass segmentClass) => Accounts().Where(segment => segment.Account.Class == segmentClass).Sum(segment => segment.Account.LiveBytes);

    /// <summary>The number of the segment in which a block lies.</summary>
    public long SegmentOf(long offset) => (offset - Layout.SegmentsOffset) / segmentSize;

    /// <summary>Whether a block lies in a segment that is full and of which less than half is live: what is left had better move out of it.</summary>
    public bool IsSparse(long offset)
    {
        long number = SegmentOf(offset);
        SegmentEntry account = AccountOf(number);
        return CanBeEmptied(number) && 2 * account.LiveBytes < account.UsedBytes;
    }

    /// <summary>Frees the segments that nothing reaches and nobody fills.</summary>
    /// <param name="sequence">The sequence that the root under way will have.</param>
    /// <param name="open">Where each class is filled further.</param>
    public void FreeDead(long sequence, AppendPositions open)
    {
        foreach ((long number, SegmentEntry account) in _changed.ToArray())
        {
            if (IsCounted(account.Class) && account.LiveBytes == 0 && !IsOpen(number, open))
            {
                Set(number, SegmentEntry.FreeSince(sequence));
            }
        }
    }

    /// <summary>Frees all meta segments: their trees are about to be written anew.</summary>
    public void FreeMeta(long sequence)
    {
        foreach ((long number, SegmentEntry account) in Accounts().ToArray())
        {
            if (account.Class == SegmentClass.Meta)
            {
                Set(number, SegmentEntry.FreeSince(sequence));
            }
        }

        MetaSegments = 0;
    }

    /// <summary>Takes reusable segments at the end of the file out of the table, so that the file can be cut off there.</summary>
    public void DropTrailing()
    {
        while (Count > 0 && _reusable.Remove(Count - 1))
        {
            Count--;
            _returned.Remove(Count);
            Set(Count, SegmentEntry.Gone);
        }
    }

    /// <summary>The runs of reusable segments, as ranges of the file, but for those that it has named before.</summary>
    public IEnumerable<(long Offset, long Length)> TakeReusableRanges()
    {
        long start = 0;
        long end = 0;
        foreach (long number in _reusable.Where(_returned.Add).ToList())
        {
            if (StartOf(number) != end)
            {
                if (end > start)
                {
                    yield return (start, end - start);
                }

                start = StartOf(number);
            }

            end = StartOf(number + 1);
        }

        if (end > start)
        {
            yield return (start, end - start);
        }
    }

    /// <summary>What changed since the last commit, for the segment table.</summary>
    public LeafChange[] Changes() => [.. _changed.Select(pair => new LeafChange(pair.Key, 0, pair.Value.ToEntry()))];

    /// <summary>Where the data of the segments that are not free ends.</summary>
    public long EndOfData(AppendPositions open)
    {
        for (long number = Count - 1; number >= 0; number--)
        {
            SegmentEntry account = AccountOf(number);
            if (account.Class != SegmentClass.Free)
            {
                return DataEnd = IsOpen(number, open) ? EndOfOpen(number, open) : StartOf(number) + account.UsedBytes;
            }
        }

        return DataEnd = Layout.SegmentsOffset;
    }

    private void Set(long number, SegmentEntry account)
    {
        Weigh(AccountOf(number), -1);
        Weigh(account, 1);
        _changed[number] = account;
    }

    private void Weigh(SegmentEntry account, int sign)
    {
        if (IsCounted(account.Class))
        {
            Utilisation = (Utilisation.Capacity + (sign * segmentSize), Utilisation.Live + (sign * account.LiveBytes));
        }
    }

    private static bool IsCounted(SegmentClass segmentClass) => segmentClass is SegmentClass.Raw or SegmentClass.Packed or SegmentClass.Index or SegmentClass.Pack;

    private SegmentEntry AccountOf(long number) =>
        _changed.TryGetValue(number, out SegmentEntry changed) ? changed : number < _committed.Count ? _committed[(int)number] : default;

    /// <summary>A segment that is full: the use of a meta segment is known now, and one without live bytes is looked at by <see cref="FreeDead"/>.</summary>
    private void Close(long number, long end)
    {
        SegmentEntry account = AccountOf(number);
        Set(number, account.Class == SegmentClass.Meta ? account with { UsedBytes = end - StartOf(number) } : account);
    }

    private void Settle(AppendPositions positions, long dataEnd)
    {
        _floor = positions;
        _taken.Clear();
        KeepFresh(positions);
        Count = _committed.Count;
        DataEnd = dataEnd;
    }

    private bool IsOpen(long number, AppendPositions open) => EndOfOpen(number, open) != 0;

    /// <summary>Up to where an open segment is filled; 0 for one that is not open.</summary>
    private long EndOfOpen(long number, AppendPositions open)
    {
        foreach (long position in (ReadOnlySpan<long>)[open.Raw, open.Packed, open.Index, open.Meta])
        {
            if (position != 0 && SegmentOf(position - 1) == number)
            {
                return position;
            }
        }

        return 0;
    }

    private long StartOf(long segment) => Layout.SegmentsOffset + (segment * segmentSize);
}
