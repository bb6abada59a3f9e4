namespace PageStore.Checkpoint;

/// <summary>A list of numbers of blocks as bytes: ascending, each as the difference to the one before, in groups of seven bits (LEB128).</summary>
internal static class ReferenceList
{
    /// <summary>Encodes a list; sorts it first.</summary>
    public static byte[] Encode(Span<long> blocks)
    {
        blocks.Sort();
        var bytes = new List<byte>(blocks.Length * 2);
        long before = 0;
        foreach (long block in blocks)
        {
            long difference = block - before;
            before = block;
            for (; difference > 0x7F; difference >>= 7)
            {
                bytes.Add((byte)(difference | 0x80));
            }

            bytes.Add((byte)difference);
        }

        return [.. bytes];
    }

    /// <summary>Sets the bit of each block of a list, and in another set those of the blocks that had it already.</summary>
    /// <param name="bytes">The list.</param>
    /// <param name="seen">Gets all of them.</param>
    /// <param name="again">Gets those that were seen before; null for nobody.</param>
    /// <exception cref="CorruptDataException">It is no list.</exception>
    public static void Mark(ReadOnlySpan<byte> bytes, PageBitmap seen, PageBitmap? again = null)
    {
        long block = 0;
        long difference = 0;
        int shift = 0;
        foreach (byte part in bytes)
        {
            difference |= (long)(part & 0x7F) << shift;
            shift += 7;
            if (part <= 0x7F)
            {
                block += difference;
                Add(block, seen, again);
                (difference, shift) = (0, 0);
            }
            else if (shift > 56)
            {
                throw new CorruptDataException("A list of references in the index of the store is damaged.");
            }
        }
    }

    private static void Add(long block, PageBitmap seen, PageBitmap? again)
    {
        if (block is < 1 or > Pfn.MaxValue)
        {
            throw new CorruptDataException("A list of references in the index of the store is damaged.");
        }

        seen.EnsureLength(Math.Max(seen.Length, Math.Min(2 * block, Pfn.MaxValue + 1)));
        var bit = new Pfn(block);
        if (again is not null && seen.Contains(bit))
        {
            again.EnsureLength(seen.Length);
            again.Set(bit);
        }

        seen.Set(bit);
    }
}
