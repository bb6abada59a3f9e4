namespace PageStore.Checkpoint;

/// <summary>Reads and writes the two root slots: docs/format.md, "Root slot".</summary>
internal static class RootSlots
{
    /// <summary>
    /// The valid root of each slot, from whichever copy is newer; null where there is none. A root that was not synced is valid
    /// in the run of the host that wrote it: in another one, what it reaches may never have arrived.
    /// </summary>
    public static RootSlot?[] Read(IStorage storage, FileHeader header)
    {
        var slots = new RootSlot?[Layout.SlotCount];
        for (int slot = 0; slot < Layout.SlotCount; slot++)
        {
            for (int copy = 0; copy < Layout.SlotCopies; copy++)
            {
                RootSlot? candidate = TryReadCopy(storage, header, Layout.SlotOffset(slot, copy));
                if (candidate is not null && candidate.Sequence > (slots[slot]?.Sequence ?? 0) && (candidate.IsSynced || candidate.HostRun == storage.HostRun))
                {
                    slots[slot] = candidate;
                }
            }
        }

        return slots;
    }

    /// <summary>Which slot holds the newest root; 0 if none does.</summary>
    public static int IndexOfNewest(RootSlot?[] slots) => (slots[1]?.Sequence ?? 0) > (slots[0]?.Sequence ?? 0) ? 1 : 0;

    /// <summary>The sequence of the newest root in the slots; 0 if there is none.</summary>
    public static long SequenceOfNewest(RootSlot?[] slots) => slots[IndexOfNewest(slots)]?.Sequence ?? 0;

    /// <summary>The sequence of the oldest root in the slots.</summary>
    public static long SequenceOfOldest(RootSlot?[] slots) => slots.Min(slot => slot?.Sequence ?? long.MaxValue);

    /// <summary>Writes both copies of a slot.</summary>
    public static void Write(IStorage storage, FileHeader header, RootSlot slot, int index)
    {
        byte[] copies = new byte[Layout.SlotSize * Layout.SlotCopies];
        for (int copy = 0; copy < Layout.SlotCopies; copy++)
        {
            slot.Write(copies.AsSpan(copy * Layout.SlotSize), header.Keys);
        }

        storage.Write(Layout.SlotOffset(index, 0), [copies]);
    }

    private static RootSlot? TryReadCopy(IStorage storage, FileHeader header, long offset)
    {
        Span<byte> bytes = stackalloc byte[Layout.SlotSize];
        if (storage.Length < offset + Layout.SlotSize)
        {
            return null;
        }

        storage.Read(offset, bytes);
        return RootSlot.TryRead(bytes, offset, header);
    }
}
