using FsCheck.Xunit;

using Xunit;

namespace PageStore.Tests;

/// <summary>The views over words, compared with plain <c>bool</c>s; dirt lies behind every view.</summary>
public class PageBitmapSpanTests
{
    private const ulong Dirt = 0xF0F0_A5A5_1234_FFFF;

    public static TheoryData<int> Lengths => [.. Sets.Lengths];

    private static readonly (string Name, Func<bool, bool, bool> Naive, Combiner Stored, Counter Counted, InPlace Kept)[] Operations =
    [
        ("and", (a, b) => a && b, (a, b, to) => a.And(b, to), (a, b) => a.CountAnd(b), (a, b) => a.And(b)),
        ("or", (a, b) => a || b, (a, b, to) => a.Or(b, to), (a, b) => a.CountOr(b), (a, b) => a.Or(b)),
        ("xor", (a, b) => a != b, (a, b, to) => a.Xor(b, to), (a, b) => a.CountXor(b), (a, b) => a.Xor(b)),
        ("and not", (a, b) => a && !b, (a, b, to) => a.AndNot(b, to), (a, b) => a.CountAndNot(b), (a, b) => a.AndNot(b)),
    ];

    private delegate void Combiner(ReadOnlyPageBitmapSpan a, ReadOnlyPageBitmapSpan b, PageBitmapSpan to);

    private delegate long Counter(ReadOnlyPageBitmapSpan a, ReadOnlyPageBitmapSpan b);

    private delegate void InPlace(PageBitmapSpan a, ReadOnlyPageBitmapSpan b);

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Questions_are_answered_for_the_view_alone(int length)
    {
        foreach (bool[] set in Sets.Of(length))
        {
            var view = new ReadOnlyPageBitmapSpan(Sets.Words(set, Dirt, guards: 2), length);
            Assert.Equal(set.Count(on => on), view.Count());
            Assert.Equal(set.Contains(true), view.Any());
            Assert.Equal(!set.Contains(true), view.None());
            for (int i = 0; i <= length; i += i < 200 || i > length - 70 ? 1 : 61)
            {
                CheckAt(view, set, i);
            }
        }
    }

    private static void CheckAt(ReadOnlyPageBitmapSpan view, bool[] set, int i)
    {
        int set1 = Array.IndexOf(set, true, i);
        int clear = Array.IndexOf(set, false, i);
        Assert.Equal(set1 >= 0, view.TryNextSet(new Pfn(i), out Pfn found));
        Assert.Equal(set1 >= 0 ? set1 : set.Length, found.Value);
        Assert.Equal(clear >= 0, view.TryNextClear(new Pfn(i), out found));
        Assert.Equal(clear >= 0 ? clear : set.Length, found.Value);
        Assert.Equal(set[..i].Count(on => on), view.Rank(new Pfn(i)));
        int count = Math.Min(100, set.Length - i);
        Assert.Equal(set[i..(i + count)].Count(on => on), view.CountRange(new PfnRun(new Pfn(i), count)));
        if (i < set.Length)
        {
            Assert.Equal(set[i], view.Contains(new Pfn(i)));
        }
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Operations_match_and_leave_everything_else_alone(int length)
    {
        foreach (bool[] a in Sets.Of(length, 1))
        {
            foreach (bool[] b in Sets.Of(length, 2))
            {
                foreach (var operation in Operations)
                {
                    bool[] expected = Sets.Combine(a, b, operation.Naive);
                    ulong[] left = Sets.Words(a, Dirt, guards: 2);
                    var right = new ReadOnlyPageBitmapSpan(Sets.Words(b, ~Dirt), length);
                    Assert.Equal(expected.Count(on => on), operation.Counted(new ReadOnlyPageBitmapSpan(left, length), right));

                    ulong[] target = Sets.Words(Sets.Random(length + 70, 0.5, 9), Dirt, guards: 2);
                    bool[] behind = Sets.FromWords(target, target.Length * 64)[length..];
                    operation.Stored(new ReadOnlyPageBitmapSpan(left, length), right, new PageBitmapSpan(target, length + 70));
                    Assert.Equal([.. expected, .. behind], Sets.FromWords(target, target.Length * 64));

                    operation.Kept(new PageBitmapSpan(left, length), right);
                    Assert.Equal(Sets.Words(expected, Dirt, guards: 2), left);
                }
            }
        }
    }

    [Fact]
    public void Operations_that_do_not_fit_write_nothing()
    {
        foreach (var operation in Operations)
        {
            ulong[] target = [Dirt, Dirt];
            Assert.Throws<ArgumentException>(() => operation.Stored(new(new ulong[2], 100), new(new ulong[2], 100), new(target, 99)));
            Assert.Throws<ArgumentException>(() => operation.Stored(new(new ulong[2], 100), new(new ulong[2], 99), new(target, 100)));
            Assert.Throws<ArgumentException>(() => operation.Counted(new(new ulong[2], 100), new(new ulong[2], 99)));
            Assert.Throws<ArgumentException>(() => operation.Kept(new(target, 100), new(new ulong[2], 101)));
            Assert.Throws<ArgumentException>(() =>
                operation.Stored(new(target.AsSpan(0, 1), 64), new(new ulong[1], 64), new(new ulong[0], 0)));
            Assert.Equal([Dirt, Dirt], target);
        }

        ulong[] shared = [1, 2, 3, 4];
        Assert.Throws<ArgumentException>(() => new PageBitmapSpan(shared.AsSpan(1), 128).Or(new ReadOnlyPageBitmapSpan(shared, 128)));
        Assert.Equal([1UL, 2, 3, 4], shared);
    }

    [Fact]
    public void Views_need_enough_words()
    {
        Assert.Throws<ArgumentException>(() => { _ = new PageBitmapSpan(new ulong[1], 65); });
        Assert.Throws<ArgumentException>(() => { _ = new ReadOnlyPageBitmapSpan(new ulong[1], long.MaxValue); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = new ReadOnlyPageBitmapSpan(new ulong[1], -1); });
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Enumerations_give_every_bit_and_every_run(int length)
    {
        foreach (bool[] set in Sets.Of(length))
        {
            var view = new ReadOnlyPageBitmapSpan(Sets.Words(set, Dirt, guards: 1), length);
            var bits = new List<long>();
            foreach (Pfn pfn in view.SetBits())
            {
                bits.Add(pfn.Value);
            }

            var runs = new List<PfnRun>();
            foreach (PfnRun run in view.Runs())
            {
                runs.Add(run);
            }

            Assert.Equal(Sets.Numbers(set), bits);
            Assert.Equal(Sets.RunsOf(set), runs);
            foreach (int room in (int[])[1, 3, 64, 100, 1000])
            {
                Assert.Equal(Sets.Numbers(set), DecodeAll(view, room));
            }
        }
    }

    private static long[] DecodeAll(ReadOnlyPageBitmapSpan view, int room)
    {
        var all = new List<long>();
        var buffer = new long[room];
        var from = new Pfn(0);
        for (int n; (n = view.CopySetBits(ref from, buffer)) > 0;)
        {
            all.AddRange(buffer[..n]);
        }

        Assert.Equal(view.Length, from.Value);
        return [.. all];
    }

    [Property(MaxTest = 300)]
    public void Ranges_set_and_clear_exactly_their_bits(ushort length, ushort a, ushort b, bool on)
    {
        length %= 2000;
        int first = a % (length + 1);
        int count = b % (length - first + 1);
        bool[] set = Sets.Random(length, 0.5, a);
        ulong[] words = Sets.Words(set, Dirt, guards: 1);
        var view = new PageBitmapSpan(words, length);
        if (on)
        {
            view.SetRange(new Pfn(first), count);
        }
        else
        {
            view.ClearRange(new Pfn(first), count);
        }

        Array.Fill(set, on, first, count);
        Assert.Equal(Sets.Words(set, Dirt, guards: 1), words);
    }

    [Fact]
    public void Ranges_and_pages_outside_are_refused_and_nothing_changes()
    {
        ulong[] words = [0, Dirt];
        (long First, long Count)[] outside = [(0, 101), (100, 1), (101, 0), (-1, 1), (1, -1), (1, long.MaxValue), (long.MaxValue, 1)];
        foreach ((long first, long count) in outside)
        {
            var run = new PfnRun(new Pfn(first), count);
            Assert.Throws<ArgumentOutOfRangeException>(() => new PageBitmapSpan(words, 100).SetRange(run.First, run.Count));
            Assert.Throws<ArgumentOutOfRangeException>(() => new PageBitmapSpan(words, 100).ClearRange(run.First, run.Count));
            Assert.Throws<ArgumentOutOfRangeException>(() => new PageBitmapSpan(words, 100).SetRegions([new(new(5), 5), run]));
            Assert.Throws<ArgumentOutOfRangeException>(() => new ReadOnlyPageBitmapSpan(words, 100).CountRange(run));
        }

        foreach (long pfn in (long[])[-1, 100, long.MaxValue, long.MinValue])
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => new PageBitmapSpan(words, 100).Set(new Pfn(pfn)));
            Assert.Throws<ArgumentOutOfRangeException>(() => new PageBitmapSpan(words, 100).Clear(new Pfn(pfn)));
            Assert.Throws<ArgumentOutOfRangeException>(() => new ReadOnlyPageBitmapSpan(words, 100).Contains(new Pfn(pfn)));
        }

        Assert.Equal([0, Dirt], words);
    }

    [Property(MaxTest = 300)]
    public void Byte_bitmaps_are_added_without_their_dirty_tails(ushort length, byte[] bytes, byte cut, byte at)
    {
        length %= 1500;
        long first = Math.Min(at * 64L % 1024, length / 64 * 64);
        long count = Math.Min(Math.Max(0, bytes.Length * 8 - cut % 9), length - first);
        bool[] set = Sets.Random(length, 0.1, cut);
        ulong[] words = Sets.Words(set, Dirt, guards: 1);
        new PageBitmapSpan(words, length).OrBytes(bytes, new Pfn(first), count);
        for (int i = 0; i < count; i++)
        {
            set[first + i] |= (bytes[i / 8] >> (i % 8) & 1) != 0;
        }

        Assert.Equal(Sets.Words(set, Dirt, guards: 1), words);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(511)]
    [InlineData(512)]
    [InlineData(700)]
    [InlineData(1535)]
    public void A_byte_bitmap_of_one_bit_among_empty_lines_sets_it(int bit)
    {
        byte[] bytes = new byte[1536 / 8];
        bytes[bit / 8] = (byte)(1 << (bit % 8));
        bool[] set = Sets.Random(1536, 0.1, bit);
        ulong[] words = Sets.Words(set, Dirt, guards: 1);

        new PageBitmapSpan(words, 1536).OrBytes(bytes, new Pfn(0), 1536);

        set[bit] = true;
        Assert.Equal(Sets.Words(set, Dirt, guards: 1), words);
    }

    [Fact]
    public void Byte_bitmaps_that_do_not_fit_change_nothing()
    {
        ulong[] words = [Dirt, Dirt];
        byte[] ones = [255, 255, 255];
        Assert.Throws<ArgumentException>(() => new PageBitmapSpan(words, 100).OrBytes(ones, new Pfn(0), 25));
        Assert.Throws<ArgumentException>(() => new PageBitmapSpan(words, 100).OrBytes(ones, new Pfn(8), 8));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PageBitmapSpan(words, 70).OrBytes(ones, new Pfn(64), 7));
        Assert.Equal([Dirt, Dirt], words);
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Bytes_written_read_back_and_guards_stay(int length)
    {
        foreach (bool[] set in Sets.Of(length))
        {
            int bytes = (length + 7) / 8;
            byte[] target = Enumerable.Repeat((byte)0xCC, bytes + 9).ToArray();
            new ReadOnlyPageBitmapSpan(Sets.Words(set, Dirt), length).CopyBytesTo(target);
            Assert.All(target[bytes..], guard => Assert.Equal(0xCC, guard));
            for (int i = 0; i < bytes * 8; i++)
            {
                Assert.Equal(i < length && set[i], (target[i / 8] >> (i % 8) & 1) != 0);
            }

            if (bytes > 0)
            {
                byte[] small = Enumerable.Repeat((byte)0xCC, bytes - 1).ToArray();
                Assert.Throws<ArgumentException>(() => new ReadOnlyPageBitmapSpan(Sets.Words(set), length).CopyBytesTo(small));
                Assert.All(small, guard => Assert.Equal(0xCC, guard));
            }
        }
    }
}
