using System.Runtime.CompilerServices;

namespace PageStore.Checkpoint;

/// <summary>
/// Finds the block of a page by the sum of its content: 16 bytes a block, at 57 to 85 % of its room. An equal sum is a candidate and no more: who finds one
/// compares bytes. Of several contents with one sum it knows the one put in last. For one thread.
/// </summary>
/// <param name="maxBytes">The most memory that it takes; what does not fit is not known.</param>
internal sealed class ContentIndex(long maxBytes)
{
    /// <summary>64 KiB: the pages of 16 MiB.</summary>
    private const int FirstCapacity = 4096;

    /// <summary>Searches of an open table stay short up to here (Knuth, The Art of Computer Programming, volume 3, section 6.4: 6 probes for a miss at 0.7, 22 at 0.85).</summary>
    private const double MaxLoad = 0.85;

    private const int SlotBytes = 16;

    /// <summary>Odd, and another one for each index: a guest that chooses its contents does not choose where they meet.</summary>
    private readonly ulong _spread = (ulong)Random.Shared.NextInt64() | 1;

    private Slot[] _slots = [];

    /// <summary>How many blocks it knows.</summary>
    public int Count { get; private set; }

    /// <summary>How much memory it takes.</summary>
    public long Bytes => (long)_slots.Length * SlotBytes;

    /// <summary>The block that has content of this sum: an entry without page type and sum.</summary>
    public bool TryFind(ContentSum sum, out ulong block)
    {
        int at = Find(sum);
        block = at < 0 ? 0 : _slots[at].Block;
        return at >= 0;
    }

    /// <summary>Notes a block, in the place of another of the same sum.</summary>
    /// <param name="sum">The sum of its content.</param>
    /// <param name="block">Its entry's first number, without page type.</param>
    public void Put(ContentSum sum, ulong block)
    {
        if (Find(sum) is >= 0 and var known)
        {
            _slots[known].Block = block;
        }
        else if (Count < MaxLoad * _slots.Length || TryGrow())
        {
            Insert(new Slot(sum.Value, block));
            Count++;
        }
    }

    /// <summary>Forgets a block; one of the same sum that lies elsewhere stays.</summary>
    public void Remove(ContentSum sum, long offset)
    {
        int at = Find(sum);
        if (at >= 0 && new Entry(_slots[at].Block, 0).Offset == offset)
        {
            Count--;
            CloseGap(at);
        }
    }

    /// <summary>Forgets all, and gives the memory back.</summary>
    public void Clear()
    {
        _slots = [];
        Count = 0;
    }

    private int Find(ContentSum sum)
    {
        if (_slots.Length == 0)
        {
            return -1;
        }

        for (int at = HomeOf(sum.Value); _slots[at].Block != 0; at = Next(at))
        {
            if (_slots[at].Sum == sum.Value)
            {
                return at;
            }
        }

        return -1;
    }

    private void Insert(Slot slot)
    {
        int at = HomeOf(slot.Sum);
        while (_slots[at].Block != 0)
        {
            at = Next(at);
        }

        _slots[at] = slot;
    }

    /// <summary>Moves those up that would not be found behind an empty slot (Knuth, as above, algorithm R).</summary>
    private void CloseGap(int gap)
    {
        for (int at = Next(gap); _slots[at].Block != 0; at = Next(at))
        {
            int home = HomeOf(_slots[at].Sum);
            bool isBehindGap = gap <= at ? gap < home && home <= at : gap < home || home <= at;
            if (!isBehindGap)
            {
                _slots[gap] = _slots[at];
                gap = at;
            }
        }

        _slots[gap] = default;
    }

    private bool TryGrow()
    {
        // By a half: a table that has just grown is 57 % full, and takes 28 bytes a block at most.
        long capacity = _slots.Length == 0 ? FirstCapacity : _slots.Length + (_slots.Length / 2L);
        capacity = Math.Min(capacity, Math.Min(maxBytes / SlotBytes, Array.MaxLength));
        if (capacity <= _slots.Length)
        {
            return false;
        }

        Slot[] old = _slots;
        _slots = new Slot[capacity];
        InsertAll(old);
        return true;
    }

    /// <summary>Runs seldom and long, which is what compilation in tiers takes for not worth compiling well.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void InsertAll(Slot[] slots)
    {
        foreach (Slot slot in slots)
        {
            if (slot.Block != 0)
            {
                Insert(slot);
            }
        }
    }

    /// <summary>The high half of the product: sums are spread evenly, whatever the capacity.</summary>
    private int HomeOf(ulong sum) => (int)Math.BigMul(sum * _spread, (ulong)_slots.Length, out _);

    private int Next(int at) => at + 1 == _slots.Length ? 0 : at + 1;

    /// <summary>A block number of 0 is an empty slot: no block lies at the front of a file.</summary>
    private record struct Slot(ulong Sum, ulong Block);
}
