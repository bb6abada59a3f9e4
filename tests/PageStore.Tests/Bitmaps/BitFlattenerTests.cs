using FsCheck;
using FsCheck.Xunit;
using Xunit;

namespace PageStore.Tests;

/// <summary>Set bits to positions, at every width.</summary>
public class BitFlattenerTests
{
    private const long Guard = -77;
    private const long Origin = 1L << 39;

    /// <summary>Around what makes the kernels take turns: 12 bits in 512 are 2.3 %, two bits a byte 25 %, 24 bits a word 37.5 %.</summary>
    private static readonly double[] Densities = [0, 0.0005, 0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.05, 0.1, 0.25, 0.375, 0.5, 1];

    [Theory]
    [MemberData(nameof(WordKernelsTests.Widths), MemberType = typeof(WordKernelsTests))]
    public void Positions_come_in_order_and_nothing_behind_them_is_touched(int width)
    {
        foreach (int length in Sets.Lengths.Where(length => length % 64 == 0).Append(64 * 200))
        {
            foreach (bool[] set in Sets.Of(length))
            {
                foreach (int room in (int[])[0, 1, 23, 24, 25, 63, 64, 65, 90, 500, 2048, length + 24, length + 200])
                {
                    Check(set, room, (BitmapWidth)width);
                }
            }
        }
    }

    private static void Check(bool[] set, int room, BitmapWidth width)
    {
        ulong[] words = Sets.Words(set);
        var destination = new long[room + 100];
        Array.Fill(destination, Guard);
        int written = BitFlattener.Flatten(words, Origin, destination.AsSpan(0, room), out int consumed, width);

        long[] expected = Sets.Numbers(set[..(consumed * 64)]).Select(number => number + Origin).ToArray();
        Assert.Equal(expected, destination[..written]);
        Assert.All(destination[written..], entry => Assert.Equal(Guard, entry));
        if (written == 0 && consumed < words.Length)
        {
            Assert.True(ulong.PopCount(words[consumed]) > (ulong)room, "It may only stop at once before a word that does not fit.");
        }

        if (room >= expected.Length + 64 * 8 + 24)
        {
            Assert.Equal(words.Length, consumed);
        }
    }

    [Theory]
    [MemberData(nameof(WordKernelsTests.Widths), MemberType = typeof(WordKernelsTests))]
    public void Every_number_of_bits_in_a_word_is_flattened(int width)
    {
        var random = new Random(3);
        for (int bits = 0; bits <= 64; bits++)
        {
            var set = new bool[64 * 64];
            for (int word = 0; word < 64; word++)
            {
                foreach (int bit in Enumerable.Range(0, 64).OrderBy(_ => random.Next()).Take(bits))
                {
                    set[word * 64 + bit] = true;
                }
            }

            Check(set, set.Length + 24, (BitmapWidth)width);
        }
    }

    /// <summary>Stretches of changing density, some with bytes of three bits strewn in: each kernel, and every change between them.</summary>
    [Property(MaxTest = 300)]
    public void Any_mixture_is_flattened_as_bit_by_bit(PositiveInt seed, NonNegativeInt room)
    {
        var random = new Random(seed.Get);
        int words = 1 + random.Next(400);
        var set = new bool[words * 64];
        double density = 0;
        int crowded = 0;
        for (int i = 0, left = 0; i < set.Length; i++, left--)
        {
            if (left == 0)
            {
                left = 64 * (1 + random.Next(100));
                density = Densities[random.Next(Densities.Length)];
                crowded = random.Next(3) == 0 ? 2000 : int.MaxValue;
            }

            set[i] |= random.NextDouble() < density;
            if (random.Next(crowded) == 0 && i + 3 <= set.Length)
            {
                set.AsSpan(i, 3).Fill(true);
            }
        }

        foreach (BitmapWidth width in WordKernelsTests.WidthsHere())
        {
            Check(set, room.Get * 37 % (set.Length + 100), width);
            Check(set, set.Length + 24, width);
        }
    }

    [Theory]
    [MemberData(nameof(WordKernelsTests.Widths), MemberType = typeof(WordKernelsTests))]
    public void Every_byte_in_every_place_of_a_vector_is_flattened(int width)
    {
        for (int value = 0; value < 256; value++)
        {
            var set = new bool[64 * 512];
            for (int at = 0; at < 64; at++)
            {
                for (int bit = 0; bit < 8; bit++)
                {
                    set[at * 512 + at * 8 + bit] = (value >> bit & 1) != 0;
                }
            }

            Check(set, set.Length + 24, (BitmapWidth)width);
        }
    }
}
