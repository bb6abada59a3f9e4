namespace PageStore.Checkpoint;

/// <summary>
/// The leases of one reader: one for its current root, and one for each older root of which an epoch is still open. Thread-safe.
/// </summary>
internal sealed class RootLeases(IStorage storage)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<long, int> _users = [];
    private bool _closed;

    /// <summary>Finds the newest root and takes a lease on it, which <see cref="Release"/> gives back.</summary>
    /// <exception cref="CorruptDataException">There is none, or the file is truncated.</exception>
    public FileRoot Acquire(FileHeader header)
    {
        while (true)
        {
            FileRoot root = FileRoot.Find(storage, header);
            Hold(root.Slot.Sequence);

            // A writer looks for leases after the root has left both slots, so one taken before that was in time.
            if (RootSlots.SequenceOfOldest(RootSlots.Read(storage, header)) <= root.Slot.Sequence)
            {
                return root;
            }

            Release(root.Slot.Sequence);
        }
    }

    /// <summary>Takes part in a lease, or a new one.</summary>
    public void Hold(long sequence)
    {
        lock (_gate)
        {
            int users = _users.GetValueOrDefault(sequence);
            if (users == 0)
            {
                // Without locks on this medium reading goes on unprotected; sums show what is written over.
                _ = storage.TryHold(sequence);
            }

            _users[sequence] = users + 1;
        }
    }

    /// <summary>Says that the storage ends, and all leases with it.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
        }
    }

    /// <summary>Ends a part in a lease; with the last one the lease ends.</summary>
    public void Release(long sequence)
    {
        lock (_gate)
        {
            if (!_closed && --_users[sequence] == 0)
            {
                _users.Remove(sequence);
                storage.Release(sequence);
            }
        }
    }
}
