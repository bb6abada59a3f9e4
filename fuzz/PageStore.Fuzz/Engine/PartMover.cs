namespace PageStore.Fuzz;

/// <summary>The changes that leave parts of an input as they are, whatever they are parts of.</summary>
internal static class PartMover
{
    /// <summary>Takes a part away, doubles one, swaps two, or takes over one of another input; false where <paramref name="what"/>, from 0 to 3, is none of these, or there is nothing to take over.</summary>
    public static bool TryMove<T>(List<T> parts, List<T> others, int at, int what, Random random)
    {
        switch (what)
        {
            case 0:
                parts.RemoveAt(at);
                return true;
            case 1:
                parts.Insert(at, parts[random.Next(parts.Count)]);
                return true;
            case 2:
                int with = random.Next(parts.Count);
                (parts[at], parts[with]) = (parts[with], parts[at]);
                return true;
            case 3 when others.Count > 0:
                parts.Insert(at, others[random.Next(others.Count)]);
                return true;
            default:
                return false;
        }
    }
}
