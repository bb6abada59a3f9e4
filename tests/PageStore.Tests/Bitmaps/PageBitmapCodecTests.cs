using System.Buffers;
using System.Numerics;

using FsCheck.Xunit;

using Xunit;

namespace PageStore.Tests;

/// <summary>The serialized form: round trips, its size, every truncation and every changed byte.</summary>
public class PageBitmapCodecTests
{
    private const int Chunk = PageBitmapCodec.ChunkBits;

    public static IEnumerable<bool[]> SetsToEncode()
    {
        foreach (int length in (int[])[0, 1, 64, 100, Chunk - 1, Chunk, Chunk + 1, 3 * Chunk + 77])
        {
            foreach (bool[] set in Sets.Of(length))
            {
                yield return set;
            }
        }
    }

    [Fact]
    public void What_is_written_reads_back_and_fits_the_promised_length()
    {
        foreach (bool[] set in SetsToEncode())
        {
            using PageBitmap bitmap = Sets.Bitmap(set, slabShift: 17);
            byte[] encoded = Encode(bitmap);
            Assert.True(encoded.Length <= PageBitmapCodec.GetMaxEncodedLength(set.Length));
            Assert.True(PageBitmapCodec.TryDecode(encoded, set.Length, out PageBitmap? decoded, out string? reason), reason);
            using (decoded)
            {
                Assert.Null(reason);
                Assert.Equal(set, Sets.FromBitmap(decoded!));
                Assert.Equal(encoded, Encode(decoded!));
            }
        }
    }

    [Property(MaxTest = 200)]
    public void Any_pages_read_back(uint[] pages)
    {
        using var bitmap = new PageBitmap(1L << 32);
        foreach (uint page in pages)
        {
            // A quarter of them close together.
            bitmap.Set(new Pfn(page % 4 == 0 ? page % 4096 : page));
        }

        Assert.True(PageBitmapCodec.TryDecode(Encode(bitmap), bitmap.Length, out PageBitmap? decoded, out string? reason), reason);
        using (decoded)
        {
            Assert.Equal(pages.Select(page => page % 4 == 0 ? page % 4096 : page).Distinct().Count(), decoded!.Count());
            Assert.True(decoded.Count() == 0 || PageBitmap.CountAnd(bitmap, decoded) == decoded.Count());
        }
    }

    [Fact]
    public void The_bytes_are_those_of_the_description()
    {
        using var bitmap = new PageBitmap(3 * Chunk);
        bitmap.SetRange(new Pfn(Chunk + 2), 3);
        bitmap.SetRange(new Pfn(2 * Chunk), Chunk);
        // Version 1, length 196608, count 65539; one chunk skipped, kind runs; one run; orders 0 and 0. Gap 2: 2 + 2^0 = 3 = 11b, hence
        // one zero, a one, the low bit 1; length 3 - 1 = 2 likewise: 0 1 1 0 1 1 from the lowest bit up. No chunk skipped, kind full.
        byte[] expected = [1, 0x80, 0x80, 0x0C, 0x83, 0x80, 0x04, 1 << 2, 0, 0x00, 0b0011_0110, 2];
        Assert.Equal(expected, Encode(bitmap));
    }

    [Fact]
    public void Sparse_clustered_and_full_sets_are_small()
    {
        using var full = new PageBitmap(1L << 24);
        full.SetAll();
        Assert.InRange(Encode(full).Length, 256, 256 + 13);

        bool[] sparse = Sets.Random(131072, 0.01, 7);
        using PageBitmap bitmap = Sets.Bitmap(sparse, slabShift: 24);
        double share = sparse.Count(on => on) / 131072.0;
        double entropy = -131072 * (share * Math.Log2(share) + (1 - share) * Math.Log2(1 - share)) / 8;
        Assert.InRange(Encode(bitmap).Length, entropy * 0.97, entropy * 1.15 + 20);

        using PageBitmap clustered = Sets.Bitmap(Sets.Runs(131072, 7), slabShift: 24);
        Assert.InRange(Encode(clustered).Length, 1, 131072 / 8 / 2);

        using PageBitmap noise = Sets.Bitmap(Sets.Random(131072, 0.5, 7), slabShift: 24);
        Assert.InRange(Encode(noise).Length, 1, 131072 / 8 + 10);
    }

    [Fact]
    public void Every_truncation_gives_a_reason()
    {
        foreach (byte[] encoded in SmallForms())
        {
            for (int length = 0; length < encoded.Length; length++)
            {
                CheckRefused(encoded[..length]);
            }

            CheckRefused([.. encoded, 0]);
        }
    }

    [Fact]
    public void Every_changed_byte_gives_a_reason_or_another_valid_bitmap()
    {
        foreach (byte[] encoded in SmallForms())
        {
            for (int at = 0; at < encoded.Length; at++)
            {
                for (int value = 0; value < 256; value++)
                {
                    byte[] changed = [.. encoded];
                    changed[at] = (byte)value;
                    CheckValidOrRefused(changed);
                }
            }
        }
    }

    [Property(MaxTest = 2000)]
    public void Arbitrary_bytes_give_a_reason_or_a_valid_bitmap(byte[] bytes) => CheckValidOrRefused([1, .. bytes]);

    [Theory]
    [InlineData("a longer form of a number", new byte[] { 1, 0x80, 0x00, 0 })]
    [InlineData("a number that never ends", new byte[] { 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF })]
    [InlineData("more pages than there are", new byte[] { 1, 8, 9, 2 })]
    [InlineData("an unknown kind", new byte[] { 1, 8, 8, 3 })]
    [InlineData("an unknown version", new byte[] { 2, 8, 8, 2 })]
    [InlineData("a chunk outside", new byte[] { 1, 8, 8, 6 })]
    [InlineData("a count that is not met", new byte[] { 1, 8, 7, 2 })]
    [InlineData("a full chunk as a bitmap", new byte[] { 1, 8, 8, 1, 255 })]
    [InlineData("an empty bitmap chunk", new byte[] { 1, 8, 1, 1, 0 })]
    [InlineData("bits behind the end of a bitmap chunk", new byte[] { 1, 7, 2, 1, 129 })]
    [InlineData("a full chunk as a run", new byte[] { 1, 2, 2, 0, 0, 0x00, 0b101 })]
    [InlineData("bits behind the last run", new byte[] { 1, 8, 1, 0, 0, 0x00, 0b0000_0111 })]
    [InlineData("too many runs", new byte[] { 1, 2, 1, 0, 1, 0x00, 0b1111 })]
    public void Other_forms_are_refused(string what, byte[] bytes)
    {
        Assert.False(PageBitmapCodec.TryDecode(bytes, 100, out PageBitmap? bitmap, out string? reason), what);
        Assert.Null(bitmap);
        Assert.False(string.IsNullOrEmpty(reason));
    }

    [Fact]
    public void A_bitmap_longer_than_allowed_is_refused()
    {
        using var bitmap = new PageBitmap(101);
        byte[] encoded = Encode(bitmap);
        Assert.False(PageBitmapCodec.TryDecode(encoded, 100, out _, out _));
        Assert.True(PageBitmapCodec.TryDecode(encoded, 101, out PageBitmap? decoded, out _));
        Assert.Equal(101, decoded!.Length);
        decoded.Dispose();
        Assert.Throws<ArgumentOutOfRangeException>(() => PageBitmapCodec.TryDecode(encoded, -1, out _, out _));
    }

    [Fact]
    public void Codes_of_every_order_read_back()
    {
        foreach (int order in Enumerable.Range(0, ExpGolomb.MaxOrder + 1))
        {
            for (int value = 0; value < Chunk; value = value < 300 ? value + 1 : value * 17 / 16)
            {
                for (int start = 0; start < 8; start++)
                {
                    var bytes = new byte[8];
                    int end = start;
                    ExpGolomb.Write(bytes, ref end, value, order);
                    Assert.Equal(ExpGolomb.Length(value, order), end - start);
                    long at = start;
                    Assert.True(ExpGolomb.TryRead(bytes.AsSpan(0, (end + 7) / 8), ref at, order, out int read));
                    Assert.Equal(value, read);
                    Assert.Equal(end, at);
                }
            }
        }
    }

    private static IEnumerable<byte[]> SmallForms()
    {
        foreach (bool[] set in (bool[][])[
            new bool[0], new bool[300], Sets.Random(300, 0.02, 1), Sets.Random(300, 0.5, 1), Sets.Runs(300, 1),
            Enumerable.Repeat(true, 300).ToArray(), [.. new bool[2 * Chunk], .. Sets.Random(200, 0.1, 2)]])
        {
            using PageBitmap bitmap = Sets.Bitmap(set, slabShift: 24);
            yield return Encode(bitmap);
        }
    }

    private static void CheckRefused(byte[] bytes)
    {
        Assert.False(PageBitmapCodec.TryDecode(bytes, 1 << 20, out PageBitmap? bitmap, out string? reason));
        Assert.Null(bitmap);
        Assert.False(string.IsNullOrEmpty(reason));
    }

    private static void CheckValidOrRefused(byte[] bytes)
    {
        if (!PageBitmapCodec.TryDecode(bytes, 1 << 20, out PageBitmap? bitmap, out string? reason))
        {
            Assert.Null(bitmap);
            Assert.False(string.IsNullOrEmpty(reason));
            return;
        }

        using (bitmap)
        {
            Assert.Null(reason);
            Assert.InRange(bitmap!.Length, 0, 1 << 20);
            long pages = 0;
            long bits;
            for (Pfn first = new(0); first.Value < bitmap.Length; first += bits)
            {
                foreach (ulong word in bitmap.GetWords(first, out bits))
                {
                    pages += BitOperations.PopCount(word);
                }
            }

            Assert.Equal(pages, bitmap.Count());
        }
    }

    private static byte[] Encode(PageBitmap bitmap)
    {
        var writer = new ArrayBufferWriter<byte>();
        PageBitmapCodec.Encode(bitmap, writer);
        return writer.WrittenSpan.ToArray();
    }
}
