using System.Numerics;

namespace PageStore;

/// <summary>The loops under the bitmaps, over whole words.</summary>
internal static partial class WordKernels
{
    /// <summary>How many bits of <paramref name="words"/> are set.</summary>
    public static long Count(ReadOnlySpan<ulong> words)
    {
        long count = 0;
        foreach (ulong word in words)
        {
            count += BitOperations.PopCount(word);
        }

        return count;
    }

    /// <summary>How many bits of the combination are set, without storing it. Both spans have the same length.</summary>
    public static long Count<TOperator>(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b)
        where TOperator : struct, IWordOperator
    {
        long count = 0;
        for (int i = 0; i < a.Length; i++)
        {
            count += BitOperations.PopCount(TOperator.Invoke(a[i], b[i]));
        }

        return count;
    }

    /// <summary>Stores the combination. All spans have the same length; the destination may be a source.</summary>
    public static void Combine<TOperator>(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b, Span<ulong> destination)
        where TOperator : struct, IWordOperator
    {
        for (int i = 0; i < destination.Length; i++)
        {
            destination[i] = TOperator.Invoke(a[i], b[i]);
        }
    }

    /// <summary>
    /// Writes the positions of the set bits of <paramref name="words"/>, ascending, each plus <paramref name="origin"/>, until the
    /// words or the destination end.
    /// </summary>
    /// <param name="words">The words; bit 0 of the first is position <paramref name="origin"/>.</param>
    /// <param name="origin">The position of the first bit.</param>
    /// <param name="destination">Only the returned number of entries is written.</param>
    /// <param name="consumed">Receives how many words are wholly written out.</param>
    /// <returns>How many positions were written.</returns>
    public static int Flatten(ReadOnlySpan<ulong> words, long origin, Span<long> destination, out int consumed)
    {
        int written = 0;
        for (consumed = 0; consumed < words.Length; consumed++)
        {
            ulong word = words[consumed];
            if (BitOperations.PopCount(word) > destination.Length - written)
            {
                break;
            }

            written += FlattenWord(word, origin + ((long)consumed << BitmapBounds.WordShift), destination[written..]);
        }

        return written;
    }

    /// <summary>Writes the positions of the set bits of one word until the destination is full.</summary>
    public static int FlattenWord(ulong word, long origin, Span<long> destination)
    {
        int written = 0;
        while (word != 0 && written < destination.Length)
        {
            destination[written++] = origin + BitOperations.TrailingZeroCount(word);
            word &= word - 1;
        }

        return written;
    }
}
