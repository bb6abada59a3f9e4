using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace PageStore;

/// <summary>
/// Turns set bits into positions without a branch a bit: a kernel writes a fixed number of positions for a word, right or not, and
/// moves on by the number of bits the word really has, so that the next word overwrites what was too much. (G. Langdale, D. Lemire,
/// "Parsing gigabytes of JSON per second", VLDB Journal 28, 2019, section 3.1.4.) The count of a block is known
/// before it is written, and what lies behind it is put back, so that callers see no entry changed beyond the result.
/// </summary>
internal static partial class BitFlattener
{
    /// <summary>The words that are counted ahead: as many as a mask of non-zero words has bits.</summary>
    private const int BlockWords = 64;

    /// <summary>Where 64 words do not fit the destination any more, half as many may, down to this many.</summary>
    private const int SmallBlockWords = 8;

    /// <summary>
    /// How far behind its result a kernel may write. The widest writes 24 positions for a word that may have none (see
    /// FlattenOne); of a word with more, less than one vector is too much.
    /// </summary>
    private const int Slack = 24;

    /// <summary>
    /// Writes the positions of the set bits of <paramref name="words"/>, ascending, each plus <paramref name="origin"/>. Stops
    /// between two words when the destination might not hold what comes next; nothing is written only if all bits are clear or the first
    /// word that is not has more than the destination holds.
    /// </summary>
    /// <param name="words">The words; bit 0 of the first is position <paramref name="origin"/>.</param>
    /// <param name="origin">The position of the first bit.</param>
    /// <param name="destination">Only the returned number of entries is changed.</param>
    /// <param name="consumed">Receives how many words are wholly written out.</param>
    /// <param name="width">A width that the processor has.</param>
    /// <returns>How many positions were written.</returns>
    [MethodImpl(WordKernels.Kernel)]
    public static int Flatten(
        ReadOnlySpan<ulong> words, long origin, Span<long> destination, out int consumed, BitmapWidth width)
    {
        consumed = 0;
        int written = width == BitmapWidth.V512 && IsSupported512
            ? Flatten512(words, origin, destination, out consumed)
            : FlattenBlocks(words, origin, destination, ref consumed, width == BitmapWidth.V512 ? BitmapWidth.V256 : width);
        return written == 0 || words.Length - consumed < SmallBlockWords
            ? written + FlattenExactly(words, origin, destination[written..], ref consumed)
            : written;
    }

    /// <summary>Writes the positions of the set bits of one word until the destination is full, and nothing behind them.</summary>
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

    private static int FlattenExactly(ReadOnlySpan<ulong> words, long origin, Span<long> destination, ref int consumed)
    {
        int written = 0;
        for (; consumed < words.Length; consumed++)
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

    /// <summary>The widths that take each word alone: blocks are counted, and halved where they do not fit.</summary>
    [MethodImpl(WordKernels.Kernel)]
    private static int FlattenBlocks(
        ReadOnlySpan<ulong> words, long origin, Span<long> destination, ref int consumed, BitmapWidth width)
    {
        int written = 0;
        int size = BlockWords;
        while (consumed < words.Length)
        {
            ReadOnlySpan<ulong> block = words.Slice(consumed, Math.Min(size, words.Length - consumed));
            int count = Survey(block, width, out ulong filled);
            if (count > 0)
            {
                if (count + Slack > destination.Length - written)
                {
                    if (size == SmallBlockWords)
                    {
                        break;
                    }

                    size /= 2;
                    continue;
                }

                // Slack entries are three vectors: a few instructions a block, where copying spans would be two calls.
                ref long overrun = ref MemoryMarshal.GetReference(destination.Slice(written + count, Slack));
                Vector512<long> behind = Vector512.LoadUnsafe(ref overrun);
                Vector512<long> behind8 = Vector512.LoadUnsafe(ref overrun, 8);
                Vector512<long> behind16 = Vector512.LoadUnsafe(ref overrun, 16);
                FlattenBlock(block, filled, origin + ((long)consumed << BitmapBounds.WordShift), destination[written..], count, width);
                behind.StoreUnsafe(ref overrun);
                behind8.StoreUnsafe(ref overrun, 8);
                behind16.StoreUnsafe(ref overrun, 16);
            }

            written += count;
            consumed += block.Length;
        }

        return written;
    }

    private static void FlattenBlock(
        ReadOnlySpan<ulong> block, ulong filled, long origin, Span<long> destination, int count, BitmapWidth width)
    {
        ref ulong first = ref MemoryMarshal.GetReference(block);
        ref long target = ref MemoryMarshal.GetReference(destination);
        int words = BitOperations.PopCount(filled);
        if (width == BitmapWidth.V256 && IsSupported256 && count >= words * MinAverage256)
        {
            Flatten256(ref first, filled, origin, ref target);
        }
        else
        {
            FlattenScalar(ref first, filled, origin, ref target);
        }
    }

    /// <summary>The set bits of a block, and in bit i of <paramref name="filled"/> whether word i is not 0.</summary>
    private static int Survey(ReadOnlySpan<ulong> block, BitmapWidth width, out ulong filled)
    {
        if (width == BitmapWidth.V256 && block.Length % Vector256<ulong>.Count == 0)
        {
            return WordKernels.Survey256(block, out filled);
        }

        filled = 0;
        int count = 0;
        for (int i = 0; i < block.Length; i++)
        {
            filled |= (block[i] != 0 ? 1UL : 0) << i;
            count += BitOperations.PopCount(block[i]);
        }

        return count;
    }
}
