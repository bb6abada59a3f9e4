using System.Security.Cryptography;
using FsCheck.Xunit;

namespace PageStore.Native.Tests;

/// <summary>Pages and types of a domain against what the test put there.</summary>
public sealed class XenGuestMemoryTests
{
    private const byte Untouched = 0xcd;

    private static readonly GuestPageType[] Defined =
        [.. Enum.GetValues<GuestPageType>().Where(GuestPageTypes.IsDefined)];

    [Property(MaxTest = 60)]
    public void Any_part_is_what_the_guest_has(FakeRelease release, ushort from, ushort many, byte[] types, int seed)
    {
        const int Pages = 2500;
        using var xen = new FakeXen(release, Pages);
        var random = new Random(seed);
        for (int page = 0; page < Pages; page++)
        {
            random.NextBytes(xen.Page(page)[..64]);
            xen.SetType(page, types.Length == 0 ? GuestPageType.Normal : Defined[types[page % types.Length] % Defined.Length]);
        }

        int first = from % Pages;
        int count = many % (Pages - first + 1);
        using XenDomain domain = xen.Open();
        using var memory = new XenGuestMemory(domain);
        byte[] copied = Fresh(count);
        var found = new GuestPageType[count];

        memory.CopyPages(new Pfn(first), copied, found);

        for (int i = 0; i < count; i++)
        {
            var type = TypeOf(xen, first + i);
            Assert.Equal(type, found[i]);
            ReadOnlySpan<byte> page = copied.AsSpan(i * FakeXen.PageBytes, FakeXen.PageBytes);
            Assert.True(GuestPageTypes.HasData(type) ? page.SequenceEqual(xen.Page(first + i)) : !page.ContainsAnyExcept(Untouched));
        }

        Assert.Equal(0u, xen.Domain.Mappings);
        Assert.Equal((uint)found.Count(GuestPageTypes.HasData), xen.Domain.MappedPages);
    }

    [Fact]
    public void A_page_that_goes_away_before_it_is_mapped_is_a_hole()
    {
        using var xen = new FakeXen();
        (xen.Domain.VanishingPage, xen.Domain.PageErrno) = (12, NativeErrors.Einval);
        using XenDomain domain = xen.Open();
        using var memory = new XenGuestMemory(domain);
        var types = new GuestPageType[20];

        memory.CopyPages(new Pfn(0), Fresh(20), types);

        Assert.Equal(Enumerable.Range(0, 20).Select(i => i == 12 ? GuestPageType.Absent : GuestPageType.Normal), types);
    }

    [Theory]
    [InlineData(FakeCall.Types, 14)]
    [InlineData(FakeCall.Map, NativeErrors.Enomem)]
    [InlineData(FakeCall.Unmap, 5)]
    [InlineData(FakeCall.Info, 5)]
    public void A_call_that_fails_is_an_error_with_its_place(FakeCall call, int errno)
    {
        using var xen = new FakeXen();
        using XenDomain domain = xen.Open();
        using var memory = new XenGuestMemory(domain);
        xen.Fail(call, errno);

        StorageException e = Assert.Throws<StorageException>(() => memory.CopyPages(new Pfn(30), Fresh(2), new GuestPageType[2]));

        Assert.Equal(errno, e.Errno);
        Assert.Contains("domain 7 from page 30", e.Message, StringComparison.Ordinal);
        Assert.Equal(0u, xen.Domain.Mappings);
    }

    [Fact]
    public void A_page_that_cannot_be_mapped_for_another_reason_is_an_error()
    {
        using var xen = new FakeXen();
        (xen.Domain.VanishingPage, xen.Domain.PageErrno) = (12, NativeErrors.Enoent);
        using XenDomain domain = xen.Open();
        using var memory = new XenGuestMemory(domain);

        StorageException e = Assert.Throws<StorageException>(() => memory.CopyPages(new Pfn(0), Fresh(20), new GuestPageType[20]));

        Assert.Equal(NativeErrors.Enoent, e.Errno);
        Assert.Equal(0u, xen.Domain.Mappings);
    }

    [Fact]
    public void A_type_that_Xen_does_not_define_is_an_error()
    {
        using var xen = new FakeXen();
        xen.SetType(3, (GuestPageType)6);
        using XenDomain domain = xen.Open();
        using var memory = new XenGuestMemory(domain);

        Assert.Equal(NativeErrors.Eio, Assert.Throws<StorageException>(
            () => memory.CopyPages(new Pfn(0), Fresh(4), new GuestPageType[4])).Errno);
    }

    [Theory]
    [InlineData(FakeCall.Types)]
    [InlineData(FakeCall.Map)]
    [InlineData(FakeCall.Unmap)]
    public void The_holes_of_a_dying_domain_are_not_taken_for_holes(FakeCall diesAt)
    {
        using var xen = new FakeXen();
        using XenDomain domain = xen.Open();
        using var memory = new XenGuestMemory(domain);
        (xen.Domain.VanishingPage, xen.Domain.PageErrno) = (1, NativeErrors.Einval);
        xen.Domain.DyingCall = diesAt;

        StorageException e = Assert.Throws<StorageException>(() => memory.CopyPages(new Pfn(0), Fresh(2), new GuestPageType[2]));

        Assert.Contains("gone or being torn down", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_domain_that_is_gone_or_another_is_told()
    {
        using var xen = new FakeXen();
        using XenDomain domain = xen.Open();
        using var memory = new XenGuestMemory(domain);
        xen.ReplaceByAnother();
        Assert.Contains("gone", Assert.Throws<StorageException>(
            () => memory.CopyPages(new Pfn(0), Fresh(1), new GuestPageType[1])).Message, StringComparison.Ordinal);
        xen.Domain.Exists = 0;
        Assert.Contains("gone", Assert.Throws<StorageException>(
            () => memory.CopyPages(new Pfn(0), Fresh(1), new GuestPageType[1])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public unsafe void The_shim_refuses_a_PV_guest_itself()
    {
        using var xen = new FakeXen();
        xen.Domain.Flags = 0;
        using XenDomain domain = xen.Open();
        byte page;
        GuestPageType type;

        Assert.Equal(ShimResult.XenPv, NativeMethods.XenCopy(domain.Handle, domain.Info, 0, 1, &page, &type, out int errno));
        Assert.Equal(0, errno);
    }

    [Fact]
    public void Arguments_that_do_not_fit_are_refused()
    {
        using var xen = new FakeXen();
        using XenDomain domain = xen.Open();
        using var memory = new XenGuestMemory(domain);

        Assert.Equal((4096, 1000L), (memory.PageSize, memory.PageCount));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.CopyPages(new Pfn(999), Fresh(2), new GuestPageType[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.CopyPages(new Pfn(0), Fresh(2), new GuestPageType[1]));
        memory.CopyPages(new Pfn(1000), [], []);
    }

    [Fact]
    public void It_outlives_its_domain_and_gives_everything_back()
    {
        using var xen = new FakeXen();
        XenDomain domain = xen.Open();
        var memory = new XenGuestMemory(domain);
        domain.Dispose();
        RandomNumberGenerator.Fill(xen.Page(2));
        byte[] copied = Fresh(1);
        memory.CopyPages(new Pfn(2), copied, new GuestPageType[1]);
        Assert.Equal(xen.Page(2).ToArray(), copied);

        memory.Dispose();
        memory.Dispose();

        Assert.Equal(0u, xen.Domain.Interfaces);
        Assert.Throws<ObjectDisposedException>(() => memory.CopyPages(new Pfn(2), copied, new GuestPageType[1]));
    }

    private static unsafe GuestPageType TypeOf(FakeXen xen, int page) => (GuestPageType)xen.Domain.Types[page];

    private static byte[] Fresh(int pages)
    {
        byte[] bytes = new byte[pages * FakeXen.PageBytes];
        Array.Fill(bytes, Untouched);
        return bytes;
    }
}
