using FsCheck.Xunit;

using Xunit;

namespace PageStore.Tests;

/// <summary>The owning bitmap with slabs of 64 to 1024 bits, compared with plain <c>bool</c>s.</summary>
public class PageBitmapTests
{
    public static TheoryData<int, int> Shapes
    {
        get
        {
            var shapes = new TheoryData<int, int>();
            foreach (int length in Sets.Lengths.Where(length => length <= 1000))
            {
                shapes.Add(length, 6);
                shapes.Add(length, 7);
                shapes.Add(length, 10);
            }

            return shapes;
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Questions_are_answered_across_slabs(int length, int slabShift)
    {
        foreach (bool[] set in Sets.Of(length))
        {
            using PageBitmap bitmap = Sets.Bitmap(set, slabShift);
            Assert.Equal(set.Count(on => on), bitmap.Count());
            Assert.Equal(set.Contains(true), bitmap.Any());
            Assert.Equal(!set.Contains(true), bitmap.None());
            for (int i = 0; i <= length; i++)
            {
                int next = Array.IndexOf(set, true, i);
                Assert.Equal(next >= 0, bitmap.TryNextSet(new Pfn(i), out Pfn found));
                Assert.Equal(next >= 0 ? next : length, found.Value);
                next = Array.IndexOf(set, false, i);
                Assert.Equal(next >= 0, bitmap.TryNextClear(new Pfn(i), out found));
                Assert.Equal(next >= 0 ? next : length, found.Value);
                Assert.Equal(set.Take(i).Count(on => on), bitmap.Rank(new Pfn(i)));
                int count = Math.Min(150, length - i);
                Assert.Equal(set.Skip(i).Take(count).Count(on => on), bitmap.CountRange(new PfnRun(new Pfn(i), count)));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Enumerations_merge_across_words_and_slabs(int length, int slabShift)
    {
        foreach (bool[] set in Sets.Of(length))
        {
            using PageBitmap bitmap = Sets.Bitmap(set, slabShift);
            var bits = new List<long>();
            foreach (Pfn pfn in bitmap.SetBits())
            {
                bits.Add(pfn.Value);
            }

            var runs = new List<PfnRun>();
            foreach (PfnRun run in bitmap.Runs())
            {
                runs.Add(run);
            }

            Assert.Equal(Sets.Numbers(set), bits);
            Assert.Equal(Sets.RunsOf(set), runs);
            foreach (int room in (int[])[1, 5, 64, 200, 2000])
            {
                CheckDecoding(bitmap, set, room);
            }
        }
    }

    private static void CheckDecoding(PageBitmap bitmap, bool[] set, int room)
    {
        const long Guard = -5;
        var all = new List<long>();
        var buffer = new long[room + 30];
        var from = new Pfn(0);
        int n;
        do
        {
            Array.Fill(buffer, Guard);
            n = bitmap.CopySetBits(ref from, buffer.AsSpan(0, room));
            all.AddRange(buffer[..n]);
            Assert.All(buffer[n..], entry => Assert.Equal(Guard, entry));
        }
        while (n > 0);

        Assert.Equal(Sets.Numbers(set), all);
        Assert.Equal(bitmap.Length, from.Value);
        from = new Pfn(0);
        Assert.Equal(0, bitmap.CopySetBits(ref from, []));
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Operations_match_whatever_slabs_are_missing(int length, int slabShift)
    {
        foreach (bool[] a in Sets.Of(length, 1))
        {
            foreach (bool[] b in Sets.Of(length, 2))
            {
                using PageBitmap y = Sets.Bitmap(b, slabShift);
                Check(a, y, b, slabShift, (p, q) => p && q, (p, q) => p.And(q), PageBitmap.And, PageBitmap.CountAnd);
                Check(a, y, b, slabShift, (p, q) => p || q, (p, q) => p.Or(q), PageBitmap.Or, PageBitmap.CountOr);
                Check(a, y, b, slabShift, (p, q) => p != q, (p, q) => p.Xor(q), PageBitmap.Xor, PageBitmap.CountXor);
                Check(a, y, b, slabShift, (p, q) => p && !q, (p, q) => p.AndNot(q), PageBitmap.AndNot, PageBitmap.CountAndNot);
                Check(a, y, b, slabShift, (_, q) => q, (p, q) => p.CopyFrom(q), null, null);
            }
        }
    }

    private static void Check(
        bool[] a, PageBitmap y, bool[] b, int slabShift, Func<bool, bool, bool> naive, Action<PageBitmap, PageBitmap> inPlace,
        Action<PageBitmap, PageBitmap, PageBitmap>? stored, Func<PageBitmap, PageBitmap, long>? counted)
    {
        bool[] expected = Sets.Combine(a, b, naive);
        using PageBitmap x = Sets.Bitmap(a, slabShift);
        using PageBitmap same = Sets.Bitmap(expected, slabShift);
        if (stored is not null && counted is not null)
        {
            using PageBitmap target = Sets.Bitmap(Sets.Random(a.Length, 0.3, 3), slabShift);
            stored(x, y, target);
            Assert.True(target.SetEquals(same));
            Assert.Equal(expected, Sets.FromBitmap(target));
            Assert.Equal(expected.Count(on => on), counted(x, y));
        }

        inPlace(x, y);
        Assert.Equal(expected, Sets.FromBitmap(x));
        Assert.True(x.SetEquals(same));
        Assert.Equal(b, Sets.FromBitmap(y));
    }

    [Property(MaxTest = 200)]
    public void A_history_of_changes_ends_in_the_same_set((byte Kind, ushort A, ushort B)[] steps)
    {
        var set = new bool[50];
        using var bitmap = new PageBitmap(50, slabShift: 7);
        foreach ((byte kind, ushort a, ushort b) in steps)
        {
            int first = a % set.Length;
            int count = b % (set.Length - first + 1);
            switch (kind % 8)
            {
                case 0:
                    Assert.Equal(!set[first], bitmap.Set(new Pfn(first)));
                    set[first] = true;
                    break;
                case 1:
                    Assert.Equal(set[first], bitmap.Clear(new Pfn(first)));
                    set[first] = false;
                    break;
                case 2:
                    bitmap.SetRange(new Pfn(first), count);
                    Array.Fill(set, true, first, count);
                    break;
                case 3:
                    bitmap.ClearRange(new Pfn(first), count);
                    Array.Fill(set, false, first, count);
                    break;
                case 4:
                    DirtyTheTail(bitmap);
                    Array.Resize(ref set, Math.Max(set.Length, Math.Min(2000, set.Length + b % 300)));
                    bitmap.EnsureLength(set.Length);
                    break;
                case 5:
                    bitmap.SetRegions([new PfnRun(new Pfn(first), count), new PfnRun(new Pfn(0), Math.Min(3, set.Length))]);
                    Array.Fill(set, true, first, count);
                    Array.Fill(set, true, 0, 3);
                    break;
                case 6:
                    bitmap.ClearAll();
                    Array.Clear(set);
                    break;
                default:
                    bitmap.GetWords(new Pfn(first / 64 * 64), out _)[0] |= 1;
                    set[first / 64 * 64] = true;
                    break;
            }
        }

        Assert.Equal(set, Sets.FromBitmap(bitmap));
        Assert.Equal(set.Count(on => on), bitmap.Count());
    }

    /// <summary>What a native log may leave behind the last page must never become pages.</summary>
    private static void DirtyTheTail(PageBitmap bitmap)
    {
        var last = new Pfn((bitmap.Length - 1) / 64 * 64);
        Span<ulong> words = bitmap.GetWords(last, out long bits);
        if (bits < 64)
        {
            words[0] |= ulong.MaxValue << (int)bits;
        }
    }

    [Property(MaxTest = 200)]
    public void Byte_bitmaps_are_added_across_slabs(ushort length, byte[] bytes, byte cut, byte at)
    {
        length %= 1500;
        long first = Math.Min(at * 64L % 1024, length / 64 * 64);
        long count = Math.Min(Math.Max(0, bytes.Length * 8 - cut % 9), length - first);
        bool[] set = Sets.Random(length, 0.01, cut);
        using PageBitmap bitmap = Sets.Bitmap(set);
        bitmap.OrBytes(bytes, new Pfn(first), count);
        for (int i = 0; i < count; i++)
        {
            set[first + i] |= (bytes[i / 8] >> (i % 8) & 1) != 0;
        }

        Assert.Equal(set, Sets.FromBitmap(bitmap));
        Assert.Equal(set.Count(on => on), bitmap.Count());
    }

    [Fact]
    public void Or_takes_a_shorter_bitmap_and_the_others_do_not()
    {
        using PageBitmap longer = Sets.Bitmap(new bool[300]);
        using PageBitmap shorter = Sets.Bitmap(Enumerable.Repeat(true, 130).ToArray());
        longer.Or(shorter);
        Assert.Equal(130, longer.Count());
        Assert.Equal(130, longer.CountRange(new PfnRun(new Pfn(0), 130)));
        Assert.Throws<ArgumentException>(() => shorter.Or(longer));
        Assert.Throws<ArgumentException>(() => longer.And(shorter));
        Assert.Throws<ArgumentException>(() => longer.Xor(shorter));
        Assert.Throws<ArgumentException>(() => longer.AndNot(shorter));
        Assert.Throws<ArgumentException>(() => longer.CopyFrom(shorter));
        Assert.Throws<ArgumentException>(() => PageBitmap.CountAnd(longer, shorter));
        Assert.Throws<ArgumentException>(() => PageBitmap.And(longer, longer, shorter));
        Assert.False(longer.SetEquals(shorter));
        Assert.Equal(130, longer.Count());
    }

    [Fact]
    public void The_longest_bitmap_costs_only_what_is_used()
    {
        using var bitmap = new PageBitmap(Pfn.MaxValue + 1);
        var last = new Pfn(Pfn.MaxValue);
        Assert.True(bitmap.Set(last));
        Assert.True(bitmap.Set(new Pfn(1L << 38)));
        Assert.Equal(2, bitmap.Count());
        Assert.Equal(2, bitmap.RentedSlabs);
        Assert.True(bitmap.TryNextSet(new Pfn(1), out Pfn found));
        Assert.Equal(1L << 38, found.Value);
        Assert.True(bitmap.TryNextClear(last + -1, out found));
        Assert.Equal(Pfn.MaxValue - 1, found.Value);
        Assert.Equal(1, bitmap.Rank(last));
        Assert.Throws<ArgumentOutOfRangeException>(() => bitmap.Set(last + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PageBitmap(Pfn.MaxValue + 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PageBitmap(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => bitmap.EnsureLength(Pfn.MaxValue + 2));
        bitmap.ClearRange(new Pfn(0), bitmap.Length);
        Assert.Equal(0, bitmap.RentedSlabs);
    }

    [Fact]
    public void Clear_bytes_rent_nothing()
    {
        using var bitmap = new PageBitmap(1 << 20);
        bitmap.OrBytes(new byte[1 << 17], new Pfn(0), 1 << 20);
        Assert.False(bitmap.Clear(new Pfn(5)));
        Assert.Equal(0, bitmap.RentedSlabs);
    }

    [Fact]
    public void Words_are_lent_to_the_end_of_the_slab_and_must_be_asked_for_by_word()
    {
        using var bitmap = new PageBitmap(200, slabShift: 7);
        Assert.Equal(1, bitmap.GetWords(new Pfn(64), out long bits).Length);
        Assert.Equal(64, bits);
        Assert.Equal(2, bitmap.GetWords(new Pfn(128), out bits).Length);
        Assert.Equal(72, bits);
        Assert.Throws<ArgumentException>(() => bitmap.GetWords(new Pfn(1), out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => bitmap.GetWords(new Pfn(256), out _));
    }

    [Fact]
    public void A_disposed_bitmap_refuses_everything_and_may_be_disposed_again()
    {
        var bitmap = new PageBitmap(100);
        using var other = new PageBitmap(100);
        bitmap.SetAll();
        PageBitmapSetBits.Enumerator bits = bitmap.SetBits().GetEnumerator();
        bitmap.Dispose();
        bitmap.Dispose();
        var from = new Pfn(0);
        Action[] uses =
        [
            () => _ = bitmap.Length, () => bitmap.Set(from), () => bitmap.Clear(from), () => bitmap.Contains(from),
            () => bitmap.SetRange(from, 0), () => bitmap.ClearRange(from, 0), () => bitmap.SetAll(), () => bitmap.ClearAll(),
            () => bitmap.Count(), () => bitmap.Any(), () => bitmap.None(), () => bitmap.CountRange(default), () => bitmap.Rank(from),
            () => bitmap.And(other), () => other.And(bitmap), () => other.Or(bitmap), () => bitmap.SetEquals(other),
            () => bitmap.TryNextSet(from, out _), () => bitmap.TryNextClear(from, out _), () => bitmap.SetBits(), () => bitmap.Runs(),
            () => bitmap.CopySetBits(ref from, []), () => bitmap.EnsureLength(1), () => bitmap.GetWords(from, out _),
            () => bitmap.OrBytes([], from, 0), () => bitmap.SetRegions([]), () => bits.MoveNext(), () => bitmap.CopyFrom(other),
            () => PageBitmap.CountXor(other, bitmap), () => PageBitmap.And(other, other, bitmap),
        ];
        Assert.All(uses, use => Assert.Throws<ObjectDisposedException>(use));
    }

    [Fact]
    public void Walking_allocates_nothing()
    {
        using PageBitmap bitmap = Sets.Bitmap(Sets.Random(5000, 0.3, 1));
        using PageBitmap other = Sets.Bitmap(Sets.Random(5000, 0.3, 2));
        var buffer = new long[500];
        long before = 0;
        // The second time round everything is compiled and every static is made.
        for (int i = 0; i < 2; i++)
        {
            before = GC.GetAllocatedBytesForCurrentThread();
            Walk(bitmap, other, buffer);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static void Walk(PageBitmap bitmap, PageBitmap other, long[] buffer)
    {
        foreach (Pfn pfn in bitmap.SetBits())
        {
            bitmap.Contains(pfn);
        }

        foreach (PfnRun run in bitmap.Runs())
        {
            bitmap.CountRange(run);
        }

        for (Pfn from = new(0); bitmap.CopySetBits(ref from, buffer) > 0;)
        {
        }

        PageBitmap.CountAndNot(bitmap, other);
        other.Or(bitmap);
    }
}
