using FsCheck.Xunit;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>The index of contents finds what a dictionary finds, whatever was put in and taken out.</summary>
public sealed class ContentIndexTests
{
    [Property(MaxTest = 300)]
    public void It_finds_what_a_dictionary_finds(int seed, byte sums)
    {
        var random = new Random(seed);

        // Few different sums come again and again; neighbouring ones meet in the table.
        ulong[] pool = [.. Enumerable.Range(0, 1 + sums).Select(i => i % 2 == 0 ? (ulong)i : (ulong)random.NextInt64())];
        var index = new ContentIndex(1 << 20);
        Dictionary<ulong, ulong> oracle = [];
        for (int step = 0; step < 600; step++)
        {
            var sum = new ContentSum(pool[random.Next(pool.Length)]);
            long offset = Layout.SegmentsOffset + (16 * random.Next(1, 4));
            Entry block = Entry.RawOf(offset, sum, GuestPageType.Normal);
            if (random.Next(3) > 0)
            {
                index.Put(sum, block.Word);
                oracle[sum.Value] = block.Word;
            }
            else
            {
                index.Remove(sum, offset);
                if (oracle.TryGetValue(sum.Value, out ulong known) && new Entry(known, 0).Offset == offset)
                {
                    oracle.Remove(sum.Value);
                }
            }
        }

        Assert.Equal(oracle.Count, index.Count);
        foreach (ulong sum in pool)
        {
            bool found = index.TryFind(new ContentSum(sum), out ulong block);
            Assert.Equal(oracle.TryGetValue(sum, out ulong expected), found);
            Assert.Equal(expected, block);
        }
    }

    [Fact]
    public void It_takes_no_more_memory_than_it_may_and_less_than_a_hundredth_of_the_pages()
    {
        const int Pages = 200_000;
        var bounded = new ContentIndex(1 << 20);
        var index = new ContentIndex(long.MaxValue);
        for (int i = 1; i <= Pages; i++)
        {
            // The sums of contents are spread evenly.
            ContentSum sum = ContentSum.Of(BitConverter.GetBytes(i));
            Entry block = Entry.RawOf(Layout.SegmentsOffset + (4096L * i), sum, GuestPageType.Normal);
            bounded.Put(sum, block.Word);
            index.Put(sum, block.Word);
        }

        Assert.Equal(1 << 20, bounded.Bytes);
        Assert.InRange(bounded.Count, 50_000, 1 << 16);
        Assert.Equal(Pages, index.Count);
        Assert.InRange(index.Bytes, 1, Pages * 4096L / 100);
        Assert.True(bounded.TryFind(ContentSum.Of(BitConverter.GetBytes(1)), out _));
        index.Clear();
        Assert.Equal(0, index.Bytes);
        Assert.False(index.TryFind(ContentSum.Of(BitConverter.GetBytes(1)), out _));
    }
}
