using System.Numerics;
using System.Runtime.CompilerServices;

namespace PageStore;

/// <content>One word at a time, four positions a step.</content>
internal static partial class BitFlattener
{
    private const int ScalarStep = 4;

    [MethodImpl(WordKernels.Kernel)]
    private static void FlattenScalar(ref ulong first, ulong filled, long origin, ref long target)
    {
        for (; filled != 0; filled &= filled - 1)
        {
            int index = BitOperations.TrailingZeroCount(filled);
            ulong word = Unsafe.Add(ref first, index);
            long position = origin + ((long)index << BitmapBounds.WordShift);
            int bits = BitOperations.PopCount(word);
            ref long at = ref target;
            for (int step = 0; step < bits; step += ScalarStep)
            {
                // Once the word is empty, its "position" is 64: too much, and overwritten.
                Unsafe.Add(ref at, 0) = position + BitOperations.TrailingZeroCount(word);
                word &= word - 1;
                Unsafe.Add(ref at, 1) = position + BitOperations.TrailingZeroCount(word);
                word &= word - 1;
                Unsafe.Add(ref at, 2) = position + BitOperations.TrailingZeroCount(word);
                word &= word - 1;
                Unsafe.Add(ref at, 3) = position + BitOperations.TrailingZeroCount(word);
                word &= word - 1;
                at = ref Unsafe.Add(ref at, ScalarStep);
            }

            target = ref Unsafe.Add(ref target, bits);
        }
    }
}
