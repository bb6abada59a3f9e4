using FsCheck.Xunit;

namespace PageStore.Native.Tests;

/// <summary>liblz4 and the managed engine are one codec: each reads what the other wrote, and refuses what the other refuses.</summary>
public sealed class NativePageCodecTests
{
    /// <summary>The longest block that a page can become (LZ4_COMPRESSBOUND of lz4.h).</summary>
    private const int MostPacked = PageSizes.Max + PageSizes.Max / 255 + 16;

    private static readonly Lazy<NativePageCodec?> Loaded = new(() => NativePageCodec.TryOpen(out NativePageCodec? codec) ? codec : null);

    private static IPageCodec Managed => PageCodecs.ManagedLz4;

    [Property(MaxTest = 400)]
    public void Each_reads_what_the_other_wrote(int seed)
    {
        NativePageCodec native = Native();
        byte[] page = CodecSample.Page(seed);
        AssertReads(native, Managed, page);
        AssertReads(Managed, native, page);
    }

    [Property(MaxTest = 400)]
    public void A_block_stays_in_its_room_and_is_written_where_it_fits(int seed, ushort room)
    {
        NativePageCodec native = Native();
        byte[] page = CodecSample.Page(seed);
        byte[] packed = Pack(native, page);
        Assert.Equal(packed.Length <= room, TryPackAtEdges(native, page, room, out byte[] block));
        Assert.True(block.Length == 0 || block.AsSpan().SequenceEqual(packed) || Unpack(Managed, block, page.Length)!.AsSpan().SequenceEqual(page));
    }

    [Property(MaxTest = 3000)]
    public void Both_refuse_the_same_hostile_blocks(int seed)
    {
        NativePageCodec native = Native();
        byte[] page = CodecSample.Page(seed);
        var random = new Random(seed);
        byte[] block = CodecSample.Damaged(Pack(random.Next(2) == 0 ? native : Managed, page), random);
        AssertSameVerdict(native, block, page.Length);
    }

    [Property(MaxTest = 500)]
    public void Both_refuse_a_block_of_another_length(int seed, short difference)
    {
        NativePageCodec native = Native();
        byte[] page = CodecSample.Page(seed);
        byte[] block = Pack(Managed, page);
        int length = Math.Clamp(page.Length + difference, 1, PageSizes.Max);
        Assert.Equal(length == page.Length, Unpack(native, block, length) is not null);
        Assert.Equal(length == page.Length, Unpack(Managed, block, length) is not null);
    }

    [Fact]
    public void What_the_destination_held_does_not_come_out()
    {
        // One literal, then a match at distance 0: the bytes would be what stands there. Then the five literals that end a block.
        byte[] block = [0x1F, 0x41, 0, 0, 255, 255, 255, 80, 0x50, 1, 2, 3, 4, 5];
        Span<byte> plain = stackalloc byte[1 + 4 + 15 + 255 * 3 + 80 + 5];
        plain.Fill(0xEE);
        Native().TryUnpack(block, plain);
        Assert.Equal(-1, plain.IndexOf((byte)0xEE));
    }

    [Fact]
    public void Nothing_is_no_block()
    {
        NativePageCodec native = Native();
        Assert.False(native.TryPack([], new byte[10], out int written));
        Assert.Equal(0, written);
        Assert.False(native.TryPack(new byte[4096], [], out _));
        Assert.False(native.TryUnpack([], new byte[1]));
        Assert.False(native.TryUnpack([0], []));
    }

    [Fact]
    public void More_than_a_page_is_refused()
    {
        NativePageCodec native = Native();
        Assert.Throws<ArgumentOutOfRangeException>("source", () => native.TryPack(new byte[PageSizes.Max + 1], new byte[10], out _));
        Assert.Throws<ArgumentOutOfRangeException>("destination", () => native.TryUnpack([0], new byte[PageSizes.Max + 1]));
    }

    [Fact]
    public unsafe void Lengths_that_the_library_cannot_count_are_refused_by_the_shim()
    {
        Native();
        using Lz4Handle lz4 = Lz4Handle.Open(null);
        byte one;
        Assert.Equal(ShimResult.Argument, NativeMethods.Lz4Pack(lz4, &one, PageSizes.Max + 1, &one, 1, out ulong written, out int errno));
        Assert.Equal((0ul, 0), (written, errno));
        Assert.Equal(ShimResult.Argument, NativeMethods.Lz4Pack(lz4, &one, 1, &one, 1ul << 31, out _, out _));
        Assert.Equal(ShimResult.Argument, NativeMethods.Lz4Unpack(lz4, &one, 1ul << 31, &one, 1, out _));
        Assert.Equal(ShimResult.Argument, NativeMethods.Lz4Unpack(lz4, &one, 1, &one, PageSizes.Max + 1, out _));
        Assert.Equal(ShimResult.Argument, NativeMethods.Lz4Open(null, out _, out _, &one, 0, out _));
        Assert.Equal(ShimResult.Ok, NativeMethods.Lz4Close(0, out _));
    }

    [Fact]
    public void Nothing_is_allocated()
    {
        NativePageCodec native = Native();
        byte[] page = CodecSample.Page(1);
        byte[] block = new byte[MostPacked];
        native.TryPack(page, block, out int written);
        native.TryUnpack(block.AsSpan(0, written), page);
        long before = GC.GetAllocatedBytesForCurrentThread();
        native.TryPack(page, block, out written);
        native.TryUnpack(block.AsSpan(0, written), page);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Threads_share_it()
    {
        NativePageCodec native = Native();
        Parallel.For(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 4 }, seed => AssertReads(native, native, CodecSample.Page(seed)));
    }

    [Fact]
    public void It_says_what_it_is()
    {
        NativePageCodec native = Native();
        Assert.Equal("lz4", native.Name);
        Assert.True(native.Version >= new Version(1, 9, 2));
        Assert.Equal($"liblz4 {native.Version.ToString(3)}", native.ToString());
    }

    [Fact]
    public void A_library_that_is_not_there_is_named()
    {
        UnsupportedException e = Assert.Throws<UnsupportedException>(() => NativePageCodec.Open("/nowhere/liblz4.so.1"));
        Assert.True(e.IsMissingOnHost);
        Assert.Contains("/nowhere/liblz4.so.1", e.Message, StringComparison.Ordinal);
        Assert.Contains(NativePageCodec.LibraryVariable, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_that_is_another_one_is_refused()
    {
        UnsupportedException e = Assert.Throws<UnsupportedException>(() => NativePageCodec.Open("libc.so.6"));
        Assert.Contains("libc.so.6 (without LZ4_versionNumber)", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_that_is_too_old_is_refused()
    {
        string old = Path.Combine(AppContext.BaseDirectory, "lz4", "fake_lz4_1_9_1.so");
        UnsupportedException e = Assert.Throws<UnsupportedException>(() => NativePageCodec.Open(old));
        Assert.Contains("(without the repairs of 1.9.2)", e.Message, StringComparison.Ordinal);
    }

    private static NativePageCodec Native()
    {
        Assert.SkipWhen(Loaded.Value is null, "liblz4.so.1 is missing (Debian: liblz4-1).");
        return Loaded.Value!;
    }

    private static void AssertReads(IPageCodec reader, IPageCodec writer, byte[] page) => Assert.Equal(page, Unpack(reader, Pack(writer, page), page.Length));

    private static void AssertSameVerdict(NativePageCodec native, byte[] block, int length)
    {
        byte[]? expected = BlockOracle.Unpack(block, length, out bool hasZeroDistance);
        byte[]? byNative = Unpack(native, block, length);
        byte[]? byManaged = Unpack(Managed, block, length);
        Assert.Equal(byManaged is null, byNative is null);
        if (byNative is not null && !hasZeroDistance)
        {
            Assert.Equal(expected, byNative);
            Assert.Equal(expected, byManaged);
        }
    }

    private static byte[] Pack(IPageCodec codec, byte[] page)
    {
        byte[] block = new byte[MostPacked];
        Assert.True(codec.TryPack(page, block, out int written));
        return block[..written];
    }

    private static bool TryPackAtEdges(NativePageCodec codec, byte[] page, int room, out byte[] block)
    {
        using var source = new EdgeBuffer(PageSizes.Max);
        using var destination = new EdgeBuffer(PageSizes.Max);
        page.CopyTo(source.AtEnd(page.Length));
        bool packed = codec.TryPack(source.AtEnd(page.Length), destination.AtEnd(room), out int written);
        block = destination.AtEnd(room)[..written].ToArray();
        page.CopyTo(source.AtStart(page.Length));
        Assert.Equal(packed, codec.TryPack(source.AtStart(page.Length), destination.AtStart(room), out int again));
        Assert.Equal(written, again);
        return packed;
    }

    /// <summary>The plain bytes, unpacked between edges at either end; null if the block was refused.</summary>
    private static byte[]? Unpack(IPageCodec codec, byte[] block, int length)
    {
        using var source = new EdgeBuffer(2 * PageSizes.Max);
        using var destination = new EdgeBuffer(PageSizes.Max);
        block.CopyTo(source.AtStart(block.Length));
        bool atStart = codec.TryUnpack(source.AtStart(block.Length), destination.AtStart(length));
        block.CopyTo(source.AtEnd(block.Length));
        bool atEnd = codec.TryUnpack(source.AtEnd(block.Length), destination.AtEnd(length));
        Assert.Equal(atStart, atEnd);
        return atEnd ? destination.AtEnd(length).ToArray() : null;
    }
}
