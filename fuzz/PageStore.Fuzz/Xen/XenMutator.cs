namespace PageStore.Fuzz;

/// <summary>Changes Xen streams part by part, so that what follows a changed record is still found.</summary>
internal static class XenMutator
{
    /// <summary>Bytes at the front of a part that decide something; behind them lies the content of pages.</summary>
    private const int Front = 64;

    public static byte[] Mutate(byte[] input, byte[] other, Random random, int maxLength)
    {
        if (random.Next(8) == 0)
        {
            return ByteMutator.Mutate(input, other, random, maxLength);
        }

        List<byte[]> parts = XenParts.Split(input);
        List<byte[]> others = XenParts.Split(other);
        for (int left = 1 << random.Next(4); left > 0 && parts.Count > 0; left--)
        {
            Change(parts, others, random);
        }

        byte[] result = XenParts.Join(parts);
        return result.Length <= maxLength ? result : result[..maxLength];
    }

    private static void Change(List<byte[]> parts, List<byte[]> others, Random random)
    {
        int at = random.Next(parts.Count);
        int what = random.Next(10);
        if (PartMover.TryMove(parts, others, at, what, random))
        {
            return;
        }

        switch (what)
        {
            case 4:
                parts.Insert(at, RandomPages(random));
                break;
            case 5:
                parts.Insert(at, XenParts.Record((uint)random.Next(0x14) | (random.Next(8) == 0 ? 0x80000000 : 0), new byte[random.Next(8) * 8]));
                break;
            case 6:
                parts[at] = XenParts.FixLength(ByteMutator.Mutate(parts[at], parts[random.Next(parts.Count)], random, 2 * PageSizes.Default));
                break;
            default:
                byte[] changed = (byte[])parts[at].Clone();
                ByteMutator.ChangeInPlace(changed.AsSpan(0, Math.Min(changed.Length, Front)), random);
                parts[at] = changed;
                break;
        }
    }

    /// <summary>Few pages with data, since they are long, and any number of those without.</summary>
    private static byte[] RandomPages(Random random)
    {
        var pages = new (uint Type, ulong Pfn)[1 + random.Next(random.Next(4) == 0 ? 600 : 3)];
        for (int i = 0; i < pages.Length; i++)
        {
            pages[i] = (i < 2 ? (uint)random.Next(16) : 0xD + (uint)random.Next(3), (ulong)random.NextInt64(1L << random.Next(1, 60)));
        }

        return XenParts.Pages(pages);
    }
}
