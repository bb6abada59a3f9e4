namespace PageStore;

/// <summary>Quickselect (Hoare, 1961), with the median of three as pivot and a sort where that goes badly.</summary>
internal static class Selection
{
    /// <summary>Below it, sorting is as quick.</summary>
    private const int SortedLength = 32;

    /// <summary>Moves the smallest keys to the front, in no order.</summary>
    /// <param name="keys">All different.</param>
    /// <param name="count">How many, from 1 to the number of keys.</param>
    public static void MoveSmallestFirst(Span<ulong> keys, int count)
    {
        // Each round halves what is left, mostly. Twice as many rounds mean an input made to slow it down.
        int rounds = 2 * (64 - System.Numerics.BitOperations.LeadingZeroCount((ulong)keys.Length));
        while (keys.Length > SortedLength && count > 0 && count < keys.Length && rounds-- > 0)
        {
            int smaller = Partition(keys);
            if (count <= smaller)
            {
                keys = keys[..smaller];
            }
            else
            {
                keys = keys[smaller..];
                count -= smaller;
            }
        }

        if (count > 0 && count < keys.Length)
        {
            keys.Sort();
        }
    }

    /// <summary>Divides at a key: all in front are smaller than all behind. Returns how many are in front, at least 1 and not all.</summary>
    private static int Partition(Span<ulong> keys)
    {
        ulong pivot = MedianOfThree(keys[0], keys[keys.Length / 2], keys[^1]);
        int left = -1;
        int right = keys.Length;
        while (true)
        {
            do
            {
                left++;
            }
            while (keys[left] < pivot);
            do
            {
                right--;
            }
            while (keys[right] > pivot);
            if (left >= right)
            {
                return right + 1 == keys.Length ? right : right + 1;
            }

            (keys[left], keys[right]) = (keys[right], keys[left]);
        }
    }

    private static ulong MedianOfThree(ulong a, ulong b, ulong c) => Math.Max(Math.Min(a, b), Math.Min(Math.Max(a, b), c));
}
