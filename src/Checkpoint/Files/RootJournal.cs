namespace PageStore.Checkpoint;

/// <summary>
/// Which root is current, and the way to the next: docs/format.md, "Writing". One slot always holds the last synced root; roots
/// that are not synced go to the other one, each over the one before. For one thread.
/// </summary>
internal sealed class RootJournal
{
    private readonly IStorage _storage;
    private readonly FileHeader _header;
    private readonly RootSlot?[] _slots;
    private int _syncedSlot;

    private RootJournal(IStorage storage, FileHeader header, RootSlot?[] slots)
    {
        _storage = storage;
        _header = header;
        _slots = slots;
        Current = FileRoot.Newest(storage, header, slots);
        _syncedSlot = Current.Slot.IsSynced ? Current.SlotIndex : Other(Current.SlotIndex);
    }

    /// <summary>The root that is current now.</summary>
    public FileRoot Current { get; private set; }

    /// <summary>Whether a root was written since the file was opened.</summary>
    public bool HasPublished { get; private set; }

    /// <summary>The sequence that the next root will have.</summary>
    public long NextSequence => Current.Slot.Sequence + 1;

    /// <summary>The lowest sequence of a root that is still in a slot: what no root from it on reaches is reached by none.</summary>
    public long OldestReachable => RootSlots.SequenceOfOldest(_slots);

    /// <summary>
    /// Opens the roots of a file to go on from. If the writer before was not closed in order, the medium is asked whether it holds the newest
    /// root: after a sync that failed, the cache may hold what the medium does not. If so, the root before is the current one again.
    /// </summary>
    /// <exception cref="CorruptDataException">No root is whole.</exception>
    /// <exception cref="StorageException">The medium failed.</exception>
    public static RootJournal Open(IStorage storage, FileHeader header)
    {
        RootSlot?[] slots = RootSlots.Read(storage, header);
        var journal = new RootJournal(storage, header, slots);

        // A CLOSED root was written once all that it reaches was synced. That the root itself arrived, it cannot say: its writer may
        // have been killed before the last sync, or that sync failed.
        storage.Sync();
        if (!journal.Current.Slot.IsClosed || !MediumCheck.HoldsRoot(storage, header, journal.Current))
        {
            journal.CheckMedium();
        }

        return journal;
    }

    /// <summary>Makes a root current. Everything that it reaches has been written before.</summary>
    /// <param name="next">What it says; sequence and flags are set here.</param>
    /// <param name="isSynced">Whether it is to survive a loss of power.</param>
    /// <param name="isClosed">Whether the writer ends here in order.</param>
    /// <exception cref="StorageException">The medium failed; the file keeps the last root that was synced, or this one.</exception>
    public void Publish(RootSlot next, bool isSynced, bool isClosed = false)
    {
        // A host without a name for its run cannot tell a crash of the process from a loss of power.
        isSynced |= _storage.HostRun == Guid.Empty;
        RootSlot slot = next with
        {
            Sequence = NextSequence,
            HostRun = isSynced ? Guid.Empty : _storage.HostRun,
            IsClosed = isClosed,
        };
        int target = Other(_syncedSlot);
        if (isSynced)
        {
            _storage.Sync();
        }

        RootSlots.Write(_storage, _header, slot, target);
        if (isSynced)
        {
            _storage.Sync();
            _syncedSlot = target;
        }

        HasPublished = true;
        _slots[target] = slot;
        Current = new FileRoot(_storage, _header, slot, target);
    }

    private static int Other(int slot) => Layout.SlotCount - 1 - slot;

    private void CheckMedium()
    {
        int newest = Current.SlotIndex;
        RootSlot? before = _slots[Other(newest)];
        if (MediumCheck.FindLoss(_storage, _header, Current, before) is not { } loss)
        {
            return;
        }

        // A root that nobody could read must not be written over the one that lost something, of which a repair still saves much.
        if (before is null || _storage.Length < before.DataEnd || !MediumCheck.HoldsTrees(_storage, _header, before, Other(newest)))
        {
            throw loss;
        }

        // The lost root keeps the highest sequence, so readers would go on taking it for the current one.
        long sequence = Current.Slot.Sequence;
        Current = new FileRoot(_storage, _header, before with { Sequence = sequence }, Other(newest));
        _syncedSlot = Other(newest);
        Publish(Current.Slot, isSynced: true);
    }
}
