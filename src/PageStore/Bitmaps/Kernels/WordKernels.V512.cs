using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PageStore;

/// <content>The loops at 512 bits, AVX-512 BW (.NET 10 does not offer VPOPCNTQ).</content>
internal static partial class WordKernels
{
    [MethodImpl(Kernel)]
    private static long Count512<TOperator>(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b, out int done)
        where TOperator : struct, IWordOperator
    {
        ref ulong left = ref MemoryMarshal.GetReference(a);
        ref ulong right = ref MemoryMarshal.GetReference(b);
        nuint end = (nuint)(a.Length - a.Length % Vector512<ulong>.Count);
        var total = Vector512<ulong>.Zero;
        nuint i = 0;
        while (i < end)
        {
            nuint stop = nuint.Min(end, i + (nuint)(VectorsPerSum * Vector512<ulong>.Count));
            var sum = Vector512<byte>.Zero;
            for (; i < stop; i += (nuint)Vector512<ulong>.Count)
            {
                // The second load goes away where only the first is asked for.
                sum += BytePopCount(typeof(TOperator) == typeof(FirstOperator)
                    ? Vector512.LoadUnsafe(ref left, i)
                    : TOperator.Invoke(Vector512.LoadUnsafe(ref left, i), Vector512.LoadUnsafe(ref right, i)));
            }

            total += SumBytes(sum);
        }

        done = (int)end;
        return (long)Vector512.Sum(total);
    }

    [MethodImpl(Kernel)]
    private static int Combine512<TOperator>(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b, Span<ulong> destination)
        where TOperator : struct, IWordOperator
    {
        ref ulong left = ref MemoryMarshal.GetReference(a);
        ref ulong right = ref MemoryMarshal.GetReference(b);
        ref ulong target = ref MemoryMarshal.GetReference(destination);
        nuint end = (nuint)(destination.Length - destination.Length % Vector512<ulong>.Count);
        for (nuint i = 0; i < end; i += (nuint)Vector512<ulong>.Count)
        {
            TOperator.Invoke(Vector512.LoadUnsafe(ref left, i), Vector512.LoadUnsafe(ref right, i)).StoreUnsafe(ref target, i);
        }

        return (int)end;
    }

    /// <summary>The set bits of at most 64 words, a multiple of a vector's; bit i of <paramref name="filled"/> says whether word i is not 0.</summary>
    [MethodImpl(Kernel)]
    public static int Survey512(ReadOnlySpan<ulong> block, out ulong filled)
    {
        ref ulong first = ref MemoryMarshal.GetReference(block);
        var sum = Vector512<byte>.Zero;
        ulong empty = 0;
        for (int i = 0; i < block.Length; i += Vector512<ulong>.Count)
        {
            Vector512<ulong> words = Vector512.LoadUnsafe(ref first, (nuint)i);
            sum += BytePopCount(words);
            empty |= Vector512.Equals(words, Vector512<ulong>.Zero).ExtractMostSignificantBits() << i;
        }

        filled = ~empty & (ulong.MaxValue >> (64 - block.Length));
        return (int)Vector512.Sum(SumBytes(sum));
    }

    /// <summary>
    /// The set bits of each byte, from a table of the sixteen nibbles. (W. Mula, N. Kurz, D. Lemire, "Faster population counts using
    /// AVX2 instructions", Computer Journal 61/1, 2018.)
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> BytePopCount(Vector512<ulong> words)
    {
        Vector128<byte> lane = Vector128.Create((byte)0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
        Vector256<byte> half = Vector256.Create(lane, lane);
        Vector512<byte> table = Vector512.Create(half, half);
        var nibble = Vector512.Create((byte)0x0F);
        Vector512<byte> low = words.AsByte() & nibble;
        Vector512<byte> high = (words >> 4).AsByte() & nibble;
        return Avx512BW.Shuffle(table, low) + Avx512BW.Shuffle(table, high);
    }

    /// <summary>The sum of the eight bytes of each word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> SumBytes(Vector512<byte> bytes)
    {
        return Avx512BW.SumAbsoluteDifferences(bytes, Vector512<byte>.Zero).AsUInt64();
    }
}
