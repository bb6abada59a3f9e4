using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace PageStore;

/// <content>The loops at 128 bits, SSE or Neon.</content>
internal static partial class WordKernels
{
    [MethodImpl(Kernel)]
    private static long Count128<TOperator>(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b, out int done)
        where TOperator : struct, IWordOperator
    {
        ref ulong left = ref MemoryMarshal.GetReference(a);
        ref ulong right = ref MemoryMarshal.GetReference(b);
        nuint end = (nuint)(a.Length - a.Length % Vector128<ulong>.Count);
        var total = Vector128<ulong>.Zero;
        nuint i = 0;
        while (i < end)
        {
            nuint stop = nuint.Min(end, i + (nuint)(VectorsPerSum * Vector128<ulong>.Count));
            var sum = Vector128<byte>.Zero;
            for (; i < stop; i += (nuint)Vector128<ulong>.Count)
            {
                // The second load goes away where only the first is asked for.
                sum += BytePopCount(typeof(TOperator) == typeof(FirstOperator)
                    ? Vector128.LoadUnsafe(ref left, i)
                    : TOperator.Invoke(Vector128.LoadUnsafe(ref left, i), Vector128.LoadUnsafe(ref right, i)));
            }

            total += SumBytes(sum);
        }

        done = (int)end;
        return (long)Vector128.Sum(total);
    }

    [MethodImpl(Kernel)]
    private static int Combine128<TOperator>(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b, Span<ulong> destination)
        where TOperator : struct, IWordOperator
    {
        ref ulong left = ref MemoryMarshal.GetReference(a);
        ref ulong right = ref MemoryMarshal.GetReference(b);
        ref ulong target = ref MemoryMarshal.GetReference(destination);
        nuint end = (nuint)(destination.Length - destination.Length % Vector128<ulong>.Count);
        for (nuint i = 0; i < end; i += (nuint)Vector128<ulong>.Count)
        {
            TOperator.Invoke(Vector128.LoadUnsafe(ref left, i), Vector128.LoadUnsafe(ref right, i)).StoreUnsafe(ref target, i);
        }

        return (int)end;
    }

    /// <summary>
    /// The set bits of each byte, from a table of the sixteen nibbles. (W. Mula, N. Kurz, D. Lemire, "Faster population counts using
    /// AVX2 instructions", Computer Journal 61/1, 2018.)
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> BytePopCount(Vector128<ulong> words)
    {
        Vector128<byte> table = Vector128.Create((byte)0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
        var nibble = Vector128.Create((byte)0x0F);
        Vector128<byte> low = words.AsByte() & nibble;
        Vector128<byte> high = (words >> 4).AsByte() & nibble;
        return Vector128.Shuffle(table, low) + Vector128.Shuffle(table, high);
    }

    /// <summary>The sum of the eight bytes of each word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> SumBytes(Vector128<byte> bytes)
    {
        Vector128<ushort> pairs = (bytes.AsUInt16() & Vector128.Create((ushort)0xFF)) + (bytes.AsUInt16() >> 8);
        Vector128<uint> quads = (pairs.AsUInt32() & Vector128.Create(0xFFFFu)) + (pairs.AsUInt32() >> 16);
        return (quads.AsUInt64() & Vector128.Create(0xFFFF_FFFFUL)) + (quads.AsUInt64() >> 32);
    }
}
