using Xunit;

namespace PageStore.Tests;

/// <summary>Set bits to positions, at every width.</summary>
public class BitFlattenerTests
{
    private const long Guard = -77;
    private const long Origin = 1L << 39;

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
}
