using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PageStore;

/// <content>AVX-512 VBMI2: VPCOMPRESSB packs the numbers 0 to 63 by the word as a mask; they are widened eight at a time.</content>
internal static partial class BitFlattener
{
    /// <summary>Bits a word that is not 0, on average, up to which half a vector, four positions, nearly always suffices.</summary>
    private const int MaxAverageOneVector = 2;

    private static bool IsSupported512 => Avx512Vbmi2.IsSupported && Avx512Vbmi.IsSupported;

    [MethodImpl(WordKernels.Kernel)]
    private static void Flatten512Sparse(ref ulong first, ulong filled, long origin, ref long target)
    {
        for (; filled != 0; filled &= filled - 1)
        {
            int index = BitOperations.TrailingZeroCount(filled);
            ulong word = Unsafe.Add(ref first, index);
            Vector256<long> position = Vector256.Create(origin + ((long)index << BitmapBounds.WordShift));
            Vector512<byte> packed = Positions(word);
            int bits = BitOperations.PopCount(word);
            (position + Avx2.ConvertToVector256Int64(packed.GetLower().GetLower())).StoreUnsafe(ref target);
            if (bits > 4)
            {
                StoreFrom(0, packed, Vector512.Create(position, position), bits, ref target);
            }

            target = ref Unsafe.Add(ref target, bits);
        }
    }

    [MethodImpl(WordKernels.Kernel)]
    private static void Flatten512Dense(ref ulong first, int words, long origin, ref long target)
    {
        Vector512<long> position = Vector512.Create(origin);
        for (nint index = 0; index < words; index++)
        {
            ulong word = Unsafe.Add(ref first, index);
            Vector512<byte> packed = Positions(word);
            int bits = BitOperations.PopCount(word);
            Vector128<byte> low = packed.GetLower().GetLower();
            StoreEight(low, position, ref target);
            StoreEight(Sse2.ShiftRightLogical128BitLane(low, 8), position, ref Unsafe.Add(ref target, 8));
            StoreEight(packed.GetLower().GetUpper(), position, ref Unsafe.Add(ref target, 16));
            if (bits > 24)
            {
                StoreFrom(24, packed, position, bits, ref target);
            }

            position += Vector512.Create(1L << BitmapBounds.WordShift);
            target = ref Unsafe.Add(ref target, bits);
        }
    }

    /// <summary>Stores the packed positions from a multiple of eight on, as many as there are.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void StoreFrom(int start, Vector512<byte> packed, Vector512<long> position, int bits, ref long target)
    {
        Vector512<ulong> rest = packed.AsUInt64();
        for (int i = start; i < bits; i += 8)
        {
            StoreEight(Vector128.CreateScalarUnsafe(rest[i >> 3]).AsByte(), position, ref Unsafe.Add(ref target, i));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreEight(Vector128<byte> packed, Vector512<long> position, ref long target) =>
        (position + Avx512F.ConvertToVector512Int64(packed)).StoreUnsafe(ref target);

    /// <summary>The positions of the set bits of a word, packed into the low bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Positions(ulong word)
    {
        // .NET masks are vectors of which the highest bit of each element counts. VPMULTISHIFTQB gives each byte eight bits of the
        // word from any place on, around its end: from place i - 7 on, bit i is the highest.
        Vector512<byte> mask = Avx512Vbmi.MultiShift(Vector512<byte>.Indices + Vector512.Create((byte)57), Vector512.Create(word));
        return Avx512Vbmi2.Compress(Vector512<byte>.Zero, mask, Vector512<byte>.Indices);
    }
}
