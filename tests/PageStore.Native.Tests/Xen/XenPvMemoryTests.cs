using System.Buffers.Binary;
using FsCheck.Xunit;

namespace PageStore.Native.Tests;

/// <summary>Pages of a PV domain, whose frames are others than their numbers, and whose page tables hold those frames.</summary>
public sealed class XenPvMemoryTests
{
    private const int Pages = 1500;

    /// <summary>FAKE_FIRST_FRAME of the fakes.</summary>
    private const int FirstFrame = 5000;

    private const ulong FrameBits = 0x000f_ffff_ffff_f000;

    private static readonly GuestPageType[] Defined = [.. Enum.GetValues<GuestPageType>().Where(GuestPageTypes.IsDefined)];

    [Property(MaxTest = 40)]
    public void Any_part_is_what_the_guest_has_under_its_own_numbers(FakeRelease release, ushort from, ushort many, int seed)
    {
        using var xen = new FakeXen(release, Pages);
        xen.Domain.Flags = 0;
        Fill(xen, new Random(seed));
        int first = from % Pages;
        int count = many % (Pages - first + 1);
        using XenDomain domain = xen.Open();
        using (var memory = new XenGuestMemory(domain))
        {
            byte[] copied = new byte[count * FakeXen.PageBytes];
            var types = new GuestPageType[count];
            memory.CopyPages(new Pfn(first), copied, types);
            for (int i = 0; i < count; i++)
            {
                AssertPage(xen, first + i, types[i], copied.AsSpan(i * FakeXen.PageBytes, FakeXen.PageBytes));
            }
        }

        Assert.Equal((0u, 0u), (xen.Domain.Mappings, xen.Domain.Tables));
    }

    [Fact]
    public void A_guest_of_32_bits_is_refused()
    {
        using var xen = new FakeXen();
        (xen.Domain.Flags, xen.Domain.Narrow) = (0, 1);
        using XenDomain domain = xen.Open();

        UnsupportedException e = Assert.Throws<UnsupportedException>(() => new XenGuestMemory(domain));

        Assert.Contains("32 bits", e.Message, StringComparison.Ordinal);
        Assert.Equal(0u, xen.Domain.Tables);
    }

    [Theory]
    [InlineData(FakeCall.Tables)]
    [InlineData(FakeCall.Frames)]
    public void Tables_that_cannot_be_mapped_are_an_error(FakeCall call)
    {
        using var xen = new FakeXen();
        xen.Domain.Flags = 0;
        using XenDomain domain = xen.Open();
        xen.Fail(call, NativeErrors.Enomem);

        Assert.Equal(NativeErrors.Enomem, Assert.Throws<StorageException>(() => new XenGuestMemory(domain)).Errno);
        Assert.Equal(0u, xen.Domain.Tables);
    }

    [Fact]
    public void Without_libxenguest_the_message_names_it()
    {
        using var xen = new FakeXen();
        xen.Domain.Flags = 0;
        string elsewhere = Directory.CreateDirectory(Path.Combine(xen.Libraries, "elsewhere")).FullName;
        _ = xen.Install("fake_xenctrl_4_16.so", elsewhere, "libxenctrl.so.4.17");
        _ = xen.Install("fake_xenforeignmemory.so", elsewhere, "libxenforeignmemory.so.1");
        using var domain = XenDomain.Open(FakeXen.DomainId, elsewhere);

        UnsupportedException e = Assert.Throws<UnsupportedException>(() => new XenGuestMemory(domain));

        Assert.Contains("libxenguest", e.Message, StringComparison.Ordinal);
        Assert.True(e.IsMissingOnHost);
    }

    [Fact]
    public void It_outlives_its_domain_and_gives_everything_back()
    {
        using var xen = new FakeXen();
        xen.Domain.Flags = 0;
        XenDomain domain = xen.Open();
        var memory = new XenGuestMemory(domain);
        domain.Dispose();
        memory.CopyPages(new Pfn(2), new byte[FakeXen.PageBytes], new GuestPageType[1]);
        memory.Dispose();
        memory.Dispose();
        Assert.Equal((0u, 0u), (xen.Domain.Interfaces, xen.Domain.Tables));
    }

    private static void Fill(FakeXen xen, Random random)
    {
        for (int page = 0; page < Pages; page++)
        {
            xen.SetType(page, Defined[random.Next(Defined.Length)]);
            random.NextBytes(xen.Page(page)[..64]);
            for (int at = 64; at < FakeXen.PageBytes; at += 8)
            {
                // Frames of the guest, those just beside, and any.
                ulong frame = (ulong)(random.Next(8) == 0 ? random.NextInt64() : FirstFrame - 20 + random.Next(Pages + 40));
                BinaryPrimitives.WriteUInt64LittleEndian(xen.Page(page)[at..], ((ulong)random.NextInt64() & ~FrameBits) | ((frame << 12) & FrameBits));
            }
        }
    }

    private static unsafe void AssertPage(FakeXen xen, int page, GuestPageType found, ReadOnlySpan<byte> copied)
    {
        var type = (GuestPageType)xen.Domain.Types[page];
        Assert.Equal(GuestPageTypes.HasData(type) ? type : GuestPageType.Absent, GuestPageTypes.HasData(found) ? found : GuestPageType.Absent);
        if (GuestPageTypes.HasData(type))
        {
            int level = (int)type & 7;
            byte[] expected = level == 0 ? xen.Page(page).ToArray() : Normalised(xen, xen.Page(page), level);
            Assert.True(copied.SequenceEqual(expected), $"page {page} of type {type}");
        }
    }

    private static unsafe byte[] Normalised(FakeXen xen, ReadOnlySpan<byte> table, int level)
    {
        byte[] result = table.ToArray();
        for (int i = 0; i < 512; i++)
        {
            ulong entry = BinaryPrimitives.ReadUInt64LittleEndian(table[(i * 8)..]);
            if (level == 4 && i is >= 256 and <= 271)
            {
                entry = 0;
            }
            else if ((entry & 1) != 0)
            {
                long page = Pages - 1 - ((long)((entry & FrameBits) >> 12) - FirstFrame);
                entry = page is >= 0 and < Pages && GuestPageTypes.HasData((GuestPageType)xen.Domain.Types[page]) ? (entry & ~FrameBits) | ((ulong)page << 12) : 0;
            }

            BinaryPrimitives.WriteUInt64LittleEndian(result.AsSpan(i * 8), entry);
        }

        return result;
    }
}
