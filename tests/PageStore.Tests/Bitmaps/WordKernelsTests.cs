using System.Numerics;

using Xunit;

namespace PageStore.Tests;

/// <summary>Every kernel at every width that this processor has; <see cref="ForcedWidthTests"/> hides widths from all the others.</summary>
public class WordKernelsTests
{
    public static TheoryData<int> Widths => [.. WidthsHere().Select(width => (int)width)];

    internal static IEnumerable<BitmapWidth> WidthsHere() => Enum.GetValues<BitmapWidth>().Where(BitmapWidths.IsSupported);

    [Theory]
    [MemberData(nameof(Widths))]
    public void Counts_equal_counting_by_word(int width)
    {
        for (int words = 0; words < 600; words = words < 70 ? words + 1 : words + 53)
        {
            foreach (ulong[] a in Samples(words + 1, 1))
            {
                foreach (ulong[] b in Samples(words + 1, 2))
                {
                    // From the second word on: vectors must not need alignment.
                    Check<FirstOperator>(a.AsSpan(1), b.AsSpan(1), width);
                    Check<AndOperator>(a.AsSpan(1), b.AsSpan(1), width);
                    Check<OrOperator>(a.AsSpan(1), b.AsSpan(1), width);
                    Check<XorOperator>(a.AsSpan(1), b.AsSpan(1), width);
                    Check<AndNotOperator>(a.AsSpan(1), b.AsSpan(1), width);
                }
            }
        }
    }

    private static void Check<TOperator>(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b, int width)
        where TOperator : struct, IWordOperator
    {
        const ulong Guard = 0x0123_4567_89AB_CDEF;
        long expected = 0;
        var results = new ulong[a.Length];
        for (int i = 0; i < a.Length; i++)
        {
            results[i] = TOperator.Invoke(a[i], b[i]);
            expected += BitOperations.PopCount(results[i]);
        }

        Assert.Equal(expected, WordKernels.Count<TOperator>(a, b, (BitmapWidth)width));
        var target = new ulong[a.Length + 10];
        Array.Fill(target, Guard);
        WordKernels.Combine<TOperator>(a, b, target.AsSpan(1, a.Length), (BitmapWidth)width);
        Assert.Equal(Guard, target[0]);
        Assert.Equal(results, target[1..(a.Length + 1)]);
        Assert.All(target[(a.Length + 1)..], word => Assert.Equal(Guard, word));
    }

    [Fact]
    public void Operators_do_what_their_names_say()
    {
        Assert.Equal(0b1000UL, AndOperator.Invoke(0b1100, 0b1010));
        Assert.Equal(0b1110UL, OrOperator.Invoke(0b1100, 0b1010));
        Assert.Equal(0b0110UL, XorOperator.Invoke(0b1100, 0b1010));
        Assert.Equal(0b0100UL, AndNotOperator.Invoke(0b1100, 0b1010));
        Assert.Equal(0b1100UL, FirstOperator.Invoke(0b1100, 0b1010));
    }

    private static IEnumerable<ulong[]> Samples(int words, int seed)
    {
        var random = new Random(seed);
        yield return Enumerable.Repeat(ulong.MaxValue, words).ToArray();
        yield return Enumerable.Range(0, words).Select(_ => (ulong)random.NextInt64(long.MinValue, long.MaxValue)).ToArray();
    }
}
