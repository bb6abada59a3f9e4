using System.Buffers.Binary;

namespace PageStore.Fuzz;

/// <summary>Changes bytes without knowing what they are.</summary>
internal static class ByteMutator
{
    /// <summary>Numbers at which lengths, counts and offsets go wrong.</summary>
    private static readonly long[] Interesting =
    [
        0, 1, 2, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 255, 256, 511, 512, 1024, 4095, 4096, 32767, 32768, 65535, 65536,
        int.MaxValue, 1L << 31, uint.MaxValue, 1L << 32, 1L << 40, (1L << 40) + 1, 1L << 42, 1L << 44, 1L << 47, 1L << 62, long.MaxValue, long.MinValue, -1, -2, -8, -16,
    ];

    public static long InterestingNumber(Random random) => Interesting[random.Next(Interesting.Length)];

    /// <summary>Makes one to sixteen changes, some of which change the length.</summary>
    /// <param name="input">Stays as it is.</param>
    /// <param name="other">Another input, to take parts from.</param>
    /// <param name="random">The source of chance.</param>
    /// <param name="maxLength">The most bytes that the result has.</param>
    public static byte[] Mutate(byte[] input, byte[] other, Random random, int maxLength)
    {
        byte[] bytes = (byte[])input.Clone();
        for (int left = 1 << random.Next(5); left > 0; left--)
        {
            bytes = random.Next(8) == 0 || bytes.Length == 0 ? Resize(bytes, other, random) : bytes;
            ChangeInPlace(bytes, random);
        }

        return bytes.Length <= maxLength ? bytes : bytes[..maxLength];
    }

    /// <summary>Makes one change that leaves the length as it is.</summary>
    public static void ChangeInPlace(Span<byte> bytes, Random random)
    {
        if (bytes.IsEmpty)
        {
            return;
        }

        int at = random.Next(bytes.Length);
        switch (random.Next(6))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                bytes[at] = (byte)random.Next(256);
                break;
            case 2:
                bytes[at] += (byte)(random.Next(2) == 0 ? 1 : -1);
                break;
            case 3:
                ChangeNumber(bytes[at..], random);
                break;
            case 4:
                int length = Math.Min(1 + random.Next(16), bytes.Length - at);
                bytes.Slice(random.Next(bytes.Length - length + 1), length).CopyTo(bytes[at..]);
                break;
            default:
                bytes.Slice(at, Math.Min(1 + random.Next(32), bytes.Length - at)).Fill((byte)(random.Next(2) == 0 ? 0 : 0xFF));
                break;
        }
    }

    /// <summary>Sets a number of 2, 4 or 8 bytes of either order to an interesting one, or moves it a little.</summary>
    private static void ChangeNumber(Span<byte> bytes, Random random)
    {
        int size = 2 << random.Next(3);
        if (bytes.Length < size)
        {
            return;
        }

        Span<byte> number = stackalloc byte[sizeof(long)];
        bytes[..size].CopyTo(number);
        long value = BinaryPrimitives.ReadInt64LittleEndian(number);
        value = random.Next(2) == 0 ? InterestingNumber(random) : value + random.Next(-64, 65);
        BinaryPrimitives.WriteInt64LittleEndian(number, value);
        if (random.Next(4) == 0)
        {
            number[..size].Reverse();
        }

        number[..size].CopyTo(bytes);
    }

    private static byte[] Resize(byte[] bytes, byte[] other, Random random)
    {
        int at = random.Next(bytes.Length + 1);
        switch (random.Next(4))
        {
            case 0:
                return bytes[..at];
            case 1:
                byte[] added = new byte[1 + random.Next(64)];
                random.NextBytes(added);
                return [.. bytes[..at], .. added, .. bytes[at..]];
            case 2:
                return [.. bytes[..at], .. other[random.Next(other.Length + 1)..]];
            default:
                int end = at + random.Next(bytes.Length - at + 1);
                return random.Next(2) == 0 ? [.. bytes[..at], .. bytes[end..]] : [.. bytes[..end], .. bytes[at..end], .. bytes[end..]];
        }
    }
}
