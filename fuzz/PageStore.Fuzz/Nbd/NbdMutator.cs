namespace PageStore.Fuzz;

/// <summary>Changes what an NBD server sends part by part, so that what follows a changed part is still found.</summary>
internal static class NbdMutator
{
    /// <summary>A reply may be meant for one of so many requests: those that <see cref="NbdTarget"/> has under way at a time.</summary>
    private const int Requests = 3;

    /// <summary>Offset of the length in a chunk, and in a reply to an option.</summary>
    private const int LengthAt = 16;

    private const int HeadBytes = 20;

    public static byte[] Mutate(byte[] input, byte[] other, Random random, int maxLength)
    {
        if (input.Length == 0 || random.Next(16) == 0)
        {
            return ByteMutator.Mutate(input, other, random, maxLength);
        }

        List<(byte Kind, byte[] Bytes)> parts = NbdParts.Split(input.AsSpan(1));
        List<(byte Kind, byte[] Bytes)> others = NbdParts.Split(other.AsSpan(Math.Min(1, other.Length)));
        for (int left = 1 << random.Next(4); left > 0 && parts.Count > 0; left--)
        {
            Change(parts, others, random);
        }

        byte[] result = NbdParts.Join(random.Next(8) == 0 ? (byte)random.Next(256) : input[0], parts);
        return result.Length <= maxLength ? result : result[..maxLength];
    }

    private static void Change(List<(byte Kind, byte[] Bytes)> parts, List<(byte Kind, byte[] Bytes)> others, Random random)
    {
        int at = random.Next(parts.Count);
        (byte kind, byte[] bytes) = parts[at];
        int what = random.Next(8);
        if (PartMover.TryMove(parts, others, at, what, random))
        {
            return;
        }

        switch (what)
        {
            case 4:
                parts[at] = (random.Next(4) == 0 ? NbdParts.Plain : (byte)random.Next(Requests), bytes);
                break;
            case 5:
                parts[at] = (kind, FixLength(ByteMutator.Mutate(bytes, parts[random.Next(parts.Count)].Bytes, random, 8192)));
                break;
            default:
                byte[] changed = [.. bytes];
                ByteMutator.ChangeInPlace(changed.AsSpan(0, Math.Min(changed.Length, 64)), random);
                parts[at] = (kind, changed);
                break;
        }
    }

    private static byte[] FixLength(byte[] part)
    {
        if (part.Length >= HeadBytes)
        {
            NbdParts.Be((uint)(part.Length - HeadBytes)).CopyTo(part, LengthAt);
        }

        return part;
    }
}
