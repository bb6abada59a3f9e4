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

    /// <summary>How many of the first words, in whole vectors, have at most <paramref name="bits"/> bits in each byte, and their set bits.</summary>
    /// <param name="words">At most 31 vectors (see VectorsPerSum), no part of one.</param>
    /// <param name="bits">How many bits a byte may have.</param>
    /// <param name="count">Receives the set bits of the words found.</param>
    [MethodImpl(Kernel)]
    public static int CountScattered512(ReadOnlySpan<ulong> words, byte bits, out int count)
    {
        ref ulong first = ref MemoryMarshal.GetReference(words);
        Vector512<byte> most = Vector512.Create(bits);
        var sum = Vector512<byte>.Zero;
        int i = 0;
        for (; i < words.Length; i += Vector512<ulong>.Count)
        {
            Vector512<byte> counts = BytePopCount(Vector512.LoadUnsafe(ref first, (nuint)i));
            if (Vector512.GreaterThanAny(counts, most))
            {
                break;
            }

            sum += counts;
        }

        count = (int)Vector512.Sum(SumBytes(sum));
        return i;
    }

    /// <summary>
    /// The set bits of each byte, from a table of the sixteen nibbles. (W. Mula, N. Kurz, D. Lemire, "Faster population counts using
    /// AVX2 instructions", Computer Journal 61/1, 2018.)
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> BytePopCount(Vector512<ulong> words)
    {
        // Spelled out: made of four lanes, the JIT puts them together anew for each vector.
        Vector512<byte> table = Vector512.Create(
            (byte)0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,
            0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
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
