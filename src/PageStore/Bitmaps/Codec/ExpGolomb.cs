using System.Buffers.Binary;
using System.Numerics;

namespace PageStore;

/// <summary>
/// Exponential Golomb codes of order k in a bit stream that fills each byte from its lowest bit: v + 2^k, which has n + 1 bits, is
/// written as n - k zeros, a one, and its n low bits, lowest first. (J. Teuhola, "A compression method for clustered
/// bit-vectors", Information Processing Letters 7/6, 1978.)
/// </summary>
internal static class ExpGolomb
{
    /// <summary>The highest order: a parameter is four bits.</summary>
    public const int MaxOrder = 15;

    /// <summary>The highest n: gaps and lengths in a chunk are below 2^16, and adding 2^15 keeps the sum below 2^17.</summary>
    public const int MaxBits = 16;

    /// <summary>The length of a code in bits, at most 2 * 16 + 1.</summary>
    public static int Length(int value, int order) => 2 * BitOperations.Log2((uint)value + (1u << order)) - order + 1;

    /// <summary>Writes a code at a bit position of a destination whose bits from there on are 0.</summary>
    public static void Write(Span<byte> destination, ref int bit, int value, int order)
    {
        uint sum = (uint)value + (1u << order);
        int bits = BitOperations.Log2(sum);
        int zeros = bits - order;
        ulong code = (1UL | (ulong)(sum - (1u << bits)) << 1) << (zeros + (bit & 7));
        for (int at = bit >> 3; code != 0; at++, code >>= 8)
        {
            destination[at] |= (byte)code;
        }

        bit += zeros + 1 + bits;
    }

    /// <summary>Reads a code at a bit position; false if there is none that fits the source and <see cref="MaxBits"/>.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, ref long bit, int order, out int value)
    {
        value = 0;
        ulong window = Load(source, bit);
        int zeros = BitOperations.TrailingZeroCount(window);
        int bits = order + zeros;
        if (bits > MaxBits || bit + zeros + 1 + bits > (long)source.Length * 8)
        {
            return false;
        }

        uint low = (uint)(window >> (zeros + 1)) & ((1u << bits) - 1);
        value = (int)((1u << bits) + low - (1u << order));
        bit += zeros + 1 + bits;
        return true;
    }

    /// <summary>At least 57 bits from a position on, zeros behind the end.</summary>
    private static ulong Load(ReadOnlySpan<byte> source, long bit)
    {
        ReadOnlySpan<byte> rest = source[(int)(bit >> 3)..];
        if (rest.Length >= sizeof(ulong))
        {
            return BinaryPrimitives.ReadUInt64LittleEndian(rest) >> (int)(bit & 7);
        }

        Span<byte> padded = stackalloc byte[sizeof(ulong)];
        padded.Clear();
        rest.CopyTo(padded);
        return BinaryPrimitives.ReadUInt64LittleEndian(padded) >> (int)(bit & 7);
    }
}
