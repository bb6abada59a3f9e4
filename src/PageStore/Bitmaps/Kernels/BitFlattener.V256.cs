using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PageStore;

/// <content>AVX2: a table gives the positions in a byte, eight bytes packed in a word, which are widened and stored.</content>
internal static partial class BitFlattener
{
    /// <summary>Bits a word from which eight table steps a word are faster than one step a bit; measured.</summary>
    private const int MinAverage256 = 6;

    private static readonly ulong[] BytePositions = MakeBytePositions();

    private static bool IsSupported256 => Avx2.IsSupported;

    [MethodImpl(WordKernels.Kernel)]
    private static void Flatten256(ref ulong first, ulong filled, long origin, ref long target)
    {
        ref ulong table = ref MemoryMarshal.GetArrayDataReference(BytePositions);
        for (; filled != 0; filled &= filled - 1)
        {
            int index = BitOperations.TrailingZeroCount(filled);
            ulong word = Unsafe.Add(ref first, index);
            Vector256<long> position = Vector256.Create(origin + ((long)index << BitmapBounds.WordShift));
            for (int i = 0; i < sizeof(ulong); i++)
            {
                uint bits = (byte)word;
                Vector128<byte> packed = Vector128.CreateScalarUnsafe(Unsafe.Add(ref table, bits)).AsByte();
                (position + Avx2.ConvertToVector256Int64(packed)).StoreUnsafe(ref target);
                Vector128<byte> upper = Sse2.ShiftRightLogical128BitLane(packed, 4);
                (position + Avx2.ConvertToVector256Int64(upper)).StoreUnsafe(ref target, 4);
                target = ref Unsafe.Add(ref target, BitOperations.PopCount(bits));
                position += Vector256.Create(8L);
                word >>= 8;
            }
        }
    }

    private static ulong[] MakeBytePositions()
    {
        var table = new ulong[256];
        for (int value = 0; value < table.Length; value++)
        {
            int entry = 0;
            for (int bit = 0; bit < 8; bit++)
            {
                if ((value >> bit & 1) != 0)
                {
                    table[value] |= (ulong)bit << (8 * entry++);
                }
            }
        }

        return table;
    }
}
