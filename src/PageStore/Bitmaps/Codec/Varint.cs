namespace PageStore;

/// <summary>Unsigned numbers in groups of seven bits, the lowest first; the top bit of a byte says that another follows (LEB128).</summary>
internal static class Varint
{
    /// <summary>The longest that is read or written here: 6 bytes hold 42 bits, and 2^40 (<see cref="Pfn.MaxValue"/> + 1) needs 41.</summary>
    public const int MaxLength = 6;

    /// <summary>Writes <paramref name="value"/>, and says how many bytes it took.</summary>
    public static int Write(Span<byte> destination, ulong value)
    {
        int length = 0;
        while (value >= 0x80)
        {
            destination[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        destination[length++] = (byte)value;
        return length;
    }

    /// <summary>Reads a number in its shortest form, and moves <paramref name="position"/> behind it; false for anything else.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, ref int position, out ulong value)
    {
        value = 0;
        for (int i = 0; i < MaxLength && position < source.Length; i++)
        {
            byte part = source[position++];
            value |= (ulong)(part & 0x7F) << (7 * i);
            if (part < 0x80)
            {
                // A last group of zeros means that a shorter form exists.
                return part != 0 || i == 0;
            }
        }

        return false;
    }
}
