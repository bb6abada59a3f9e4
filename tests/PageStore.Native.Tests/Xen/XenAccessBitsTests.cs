using System.Buffers.Binary;
using System.Runtime.InteropServices;
using FsCheck.Xunit;

namespace PageStore.Native.Tests;

/// <summary>Accessed bits of a domain's page tables against what the test put there.</summary>
public sealed class XenAccessBitsTests
{
    private const ulong Accessed = 0x20;

    [Property(MaxTest = 60)]
    public void The_bits_meant_are_cleared_and_nothing_else(int seed, ushort many)
    {
        const int Pages = 2500;
        using var xen = new FakeXen(pages: Pages);
        var random = new Random(seed);
        Pfn[] tables = [.. Enumerable.Range(0, Pages).Where(_ => random.Next(Pages) < many % Pages).Select(page => new Pfn(page))];
        ulong[] words = new ulong[tables.Length * 8];
        random.NextBytes(MemoryMarshal.AsBytes(words.AsSpan()));
        long set = 0;
        byte[][] expected = [.. Enumerable.Range(0, Pages).Select(page =>
        {
            random.NextBytes(xen.Page(page));
            return xen.Page(page).ToArray();
        })];
        for (int i = 0; i < words.Length * 64; i++)
        {
            Span<byte> entry = expected[tables[i / 512].Value].AsSpan(i % 512 * 8);
            ulong value = BinaryPrimitives.ReadUInt64LittleEndian(entry);
            bool isMeant = (words[i / 64] >> (i % 64) & 1) != 0;
            set += isMeant && (value & Accessed) != 0 ? 1 : 0;
            BinaryPrimitives.WriteUInt64LittleEndian(entry, isMeant ? value & ~Accessed : value);
        }

        using XenDomain domain = xen.Open();
        using var bits = new XenAccessBits(domain);
        xen.Domain.Pauses = 1;

        Assert.Equal(set, bits.Clear(tables, words));

        for (int page = 0; page < Pages; page++)
        {
            Assert.True(xen.Page(page).SequenceEqual(expected[page]));
        }

        Assert.Equal((0u, (uint)tables.Length), (xen.Domain.Mappings, xen.Domain.MappedPages));
    }

    [Fact]
    public void A_hole_is_left_out()
    {
        using var xen = new FakeXen();
        xen.SetType(3, GuestPageType.Absent);
        xen.Page(4).Fill(0xff);
        using XenDomain domain = xen.Open();
        using var bits = new XenAccessBits(domain);
        xen.Domain.Pauses = 1;
        ulong[] all = [.. Enumerable.Repeat(ulong.MaxValue, 16)];

        Assert.Equal(512, bits.Clear([new Pfn(3), new Pfn(4)], all));
        Assert.Equal(0, bits.Clear([new Pfn(3), new Pfn(4)], all));
    }

    [Fact]
    public void A_domain_that_runs_is_not_touched_and_one_that_is_suspended_is()
    {
        using var xen = new FakeXen();
        xen.Page(4).Fill(0xff);
        using XenDomain domain = xen.Open();
        using var bits = new XenAccessBits(domain);

        Assert.False(bits.IsStanding);
        Assert.Contains("Pause it first", Assert.Throws<InvalidOperationException>(() => bits.Clear([new Pfn(4)], [1, 0, 0, 0, 0, 0, 0, 0])).Message, StringComparison.Ordinal);
        Assert.Equal(0u, xen.Domain.MappedPages);

        xen.Domain.Flags |= FakeXen.ShutdownFlag;
        Assert.True(bits.IsStanding);
        Assert.Equal(1, bits.Clear([new Pfn(4)], [1, 0, 0, 0, 0, 0, 0, 0]));
        xen.Domain.Flags &= ~FakeXen.ShutdownFlag;
        xen.Domain.Pauses = 1;
        Assert.True(bits.IsStanding);
    }

    [Theory]
    [InlineData(FakeCall.Map, NativeErrors.Enomem)]
    [InlineData(FakeCall.Unmap, 5)]
    [InlineData(FakeCall.Info, 5)]
    public void A_call_that_fails_is_an_error_with_its_place(FakeCall call, int errno)
    {
        using var xen = new FakeXen();
        using XenDomain domain = xen.Open();
        using var bits = new XenAccessBits(domain);
        xen.Domain.Pauses = 1;
        xen.Fail(call, errno);

        StorageException e = Assert.Throws<StorageException>(() => bits.Clear([new Pfn(4)], new ulong[8]));

        Assert.Equal(errno, e.Errno);
        Assert.Contains("1 page tables of domain 7", e.Message, StringComparison.Ordinal);
        Assert.Equal(0u, xen.Domain.Mappings);
    }

    [Fact]
    public void A_page_that_cannot_be_mapped_is_an_error()
    {
        using var xen = new FakeXen();
        (xen.Domain.VanishingPage, xen.Domain.PageErrno) = (12, NativeErrors.Enoent);
        using XenDomain domain = xen.Open();
        using var bits = new XenAccessBits(domain);
        xen.Domain.Pauses = 1;

        Assert.Equal(NativeErrors.Enoent, Assert.Throws<StorageException>(() => bits.Clear([new Pfn(12)], new ulong[8])).Errno);
    }

    [Fact]
    public void A_domain_that_is_gone_or_another_is_told()
    {
        using var xen = new FakeXen();
        using XenDomain domain = xen.Open();
        using var bits = new XenAccessBits(domain);
        xen.Domain.Pauses = 1;
        xen.ReplaceByAnother();
        Assert.Contains("gone", Assert.Throws<StorageException>(() => bits.Clear([new Pfn(4)], new ulong[8])).Message, StringComparison.Ordinal);
        xen.Domain.Exists = 0;
        Assert.Contains("gone", Assert.Throws<StorageException>(() => bits.IsStanding).Message, StringComparison.Ordinal);
        Assert.Contains("gone", Assert.Throws<StorageException>(() => bits.ReadRoots()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public unsafe void A_PV_domain_is_refused()
    {
        using var xen = new FakeXen();
        xen.Domain.Flags = 0;
        using XenDomain domain = xen.Open();
        Assert.Contains("PV guest", Assert.Throws<UnsupportedException>(() => new XenAccessBits(domain)).Message, StringComparison.Ordinal);
        Assert.Equal(ShimResult.XenPv, NativeMethods.XenClearAccessed(domain.Handle, domain.Info, null, null, 0, out _, out int errno));
        Assert.Equal(0, errno);
    }

    [Fact]
    public void The_roots_are_those_of_processors_in_long_mode_with_four_levels()
    {
        using var xen = new FakeXen();
        byte[] other = [1, 0, 0, 0, 24, 0, 0, 0, .. new byte[24]];
        xen.SetContext([
            .. other, .. Cpu(0x12345_67f, 0x8005_0033, 0x20, 0xd01), .. Cpu(0x2000, 0x11, 0, 0), .. Cpu(0x3000, 0x8005_0033, 0x1020, 0xd01),
            .. Cpu(0x4000, 0x8005_0033, 0x20, 0x800), .. other, .. Cpu(0x8000_0000_0000_5000, 0x8005_0033, 0x20, 0xd01), 0, 0, 0, 0, 0, 0, 0, 0]);
        using XenDomain domain = xen.Open();
        using var bits = new XenAccessBits(domain);
        Assert.Equal([new Pfn(0x12345), new Pfn(5)], bits.ReadRoots());
    }

    [Property(MaxTest = 200)]
    public void A_context_that_is_cut_off_or_anything_else_is_read_to_its_end(byte[] bytes, ushort cut)
    {
        byte[] whole = [.. Cpu(0x7000, 0x8005_0033, 0x20, 0xd01), .. bytes];
        _ = XenProcessors.RootsOf(bytes);
        _ = XenProcessors.RootsOf(whole.AsSpan(0, cut % whole.Length));
        Assert.Equal(new Pfn(7), XenProcessors.RootsOf(whole)[0]);
    }

    [Fact]
    public void Arguments_that_do_not_fit_are_refused_and_everything_is_given_back()
    {
        using var xen = new FakeXen();
        XenDomain domain = xen.Open();
        var bits = new XenAccessBits(domain);
        domain.Dispose();
        xen.Domain.Pauses = 1;
        Assert.Throws<ArgumentException>(() => bits.Clear([new Pfn(1)], new ulong[7]));
        Assert.Throws<ArgumentException>(() => bits.Clear([new Pfn(1L << 52)], new ulong[8]));
        Assert.Equal(0, bits.Clear([], []));
        bits.Dispose();
        bits.Dispose();
        Assert.Equal(0u, xen.Domain.Interfaces);
        Assert.Throws<ObjectDisposedException>(() => bits.IsStanding);
        Assert.Throws<ObjectDisposedException>(bits.ReadRoots);
        Assert.Throws<ObjectDisposedException>(() => bits.Clear([], []));
    }

    /// <summary>A record of <c>struct hvm_hw_cpu</c>, of 1032 bytes.</summary>
    private static byte[] Cpu(ulong cr3, ulong cr0, ulong cr4, ulong efer)
    {
        byte[] record = [2, 0, 0, 0, 8, 4, 0, 0, .. new byte[1032]];
        BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(8 + 656), cr0);
        BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(8 + 672), cr3);
        BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(8 + 680), cr4);
        BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(8 + 992), efer);
        return record;
    }
}
