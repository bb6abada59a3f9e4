namespace PageStore.Checkpoint;

/// <summary>
/// Keeps decoded nodes of page tables, so that a page of a guest of a few gigabytes is found without reading any node again. A node is known by the
/// entry that names it, place and sum, so a place that is written anew is another node. Thread-safe, without locks: each slot has a
/// version that is odd while it is being filled, and a reader that saw it change has found nothing. Allocates when a slot is filled
/// for the first time only.
/// </summary>
internal sealed class NodeCache
{
    /// <summary>At 1 KiB each, 16 MiB at most: half of what opening a file and reading a page of it may take.</summary>
    private const int SlotCount = 1 << 14;

    /// <summary>2^64 divided by the golden ratio (Knuth, The Art of Computer Programming, volume 3, section 6.4): spreads places over the slots.</summary>
    private const ulong Spread = 0x9E3779B97F4A7C15;

    private const int SlotShift = 64 - 14;

    /// <summary>Slots come into being in parts of 12 KiB: who reads one page needs few.</summary>
    private const int PartShift = 8;

    private readonly Slot[]?[] _parts = new Slot[SlotCount >> PartShift][];

    /// <summary>Looks one entry of a node up.</summary>
    /// <param name="node">The entry that names the node.</param>
    /// <param name="level">Its level.</param>
    /// <param name="number">Its number.</param>
    /// <param name="index">Which of its entries is asked for.</param>
    /// <param name="entry">The entry, if the node is known.</param>
    public bool TryGet(Entry node, int level, long number, int index, out Entry entry)
    {
        int at = IndexOf(node);
        if (Volatile.Read(ref _parts[at >> PartShift]) is not { } part)
        {
            entry = default;
            return false;
        }

        ref Slot slot = ref part[at & ((1 << PartShift) - 1)];
        int version = Volatile.Read(ref slot.Version);
        Entry[]? entries = slot.Entries;
        bool found = entries is not null && (version & 1) == 0 && slot.Node == node && slot.Number == number && slot.Level == level;
        entry = found ? entries![index] : default;
        Volatile.ReadBarrier();
        return found && slot.Version == version;
    }

    /// <summary>Looks a whole node up.</summary>
    /// <param name="node">The entry that names the node.</param>
    /// <param name="level">Its level.</param>
    /// <param name="number">Its number.</param>
    /// <param name="entries">Receives its entries; of no meaning if the node is not known.</param>
    /// <param name="basis">The node that it is stored against, absent for one that is not a patch.</param>
    public bool TryCopy(Entry node, int level, long number, Span<Entry> entries, out Entry basis)
    {
        basis = Entry.Absent;
        int at = IndexOf(node);
        if (Volatile.Read(ref _parts[at >> PartShift]) is not { } part)
        {
            return false;
        }

        ref Slot slot = ref part[at & ((1 << PartShift) - 1)];
        int version = Volatile.Read(ref slot.Version);
        if (slot.Entries is not { } kept || (version & 1) != 0 || slot.Node != node || slot.Number != number || slot.Level != level)
        {
            return false;
        }

        kept.CopyTo(entries);
        basis = slot.Basis;
        Volatile.ReadBarrier();
        return slot.Version == version;
    }

    /// <summary>Keeps a node that was read and checked, or written, in the place of another.</summary>
    /// <param name="node">The entry that names the node.</param>
    /// <param name="level">Its level.</param>
    /// <param name="number">Its number.</param>
    /// <param name="entries">Its entries.</param>
    /// <param name="basis">The node that it is stored against, absent for one that is not a patch.</param>
    public void Put(Entry node, int level, long number, ReadOnlySpan<Entry> entries, Entry basis)
    {
        int at = IndexOf(node);
        Slot[] part = LazyInitializer.EnsureInitialized(ref _parts[at >> PartShift], static () => new Slot[1 << PartShift]);
        ref Slot slot = ref part[at & ((1 << PartShift) - 1)];
        int version = slot.Version;
        if ((version & 1) != 0 || Interlocked.CompareExchange(ref slot.Version, version + 1, version) != version)
        {
            return;
        }

        slot.Entries ??= new Entry[TreeRoot.FanOut];
        slot.Node = node;
        slot.Basis = basis;
        slot.Level = level;
        slot.Number = number;
        entries.CopyTo(slot.Entries);
        Volatile.Write(ref slot.Version, version + 2);
    }

    private static int IndexOf(Entry node) => (int)(((ulong)node.Offset * Spread) >> SlotShift);

    private struct Slot
    {
        public int Version;
        public int Level;
        public long Number;
        public Entry Node;
        public Entry Basis;
        public Entry[]? Entries;
    }
}
