namespace PageStore.Native.Tests;

/// <summary>Finding libraries and domains, and what is said where there are none.</summary>
public sealed class XenDomainTests
{
    public static TheoryData<FakeRelease> Releases => [FakeRelease.UpTo415, FakeRelease.From416];

    [Theory]
    [MemberData(nameof(Releases))]
    public void A_domain_is_opened_by_number_and_by_UUID(FakeRelease release)
    {
        using var xen = new FakeXen(release);
        xen.Domain.AllocatedPages = 900;
        using XenDomain byNumber = xen.Open();
        using XenDomain byUuid = XenDomain.OpenByUuid(FakeXen.Uuid, xen.Libraries);

        Assert.Equal((FakeXen.DomainId, FakeXen.Uuid, true, 1000L), (byNumber.Id, byNumber.Uuid, byNumber.IsHvm, byNumber.PageCount));
        Assert.Equal((byNumber.Id, byNumber.Uuid), (byUuid.Id, byUuid.Uuid));
        Assert.Equal(
            new XenDomainState(default) { Id = FakeXen.DomainId, Uuid = FakeXen.Uuid, IsHvm = true, AllocatedPages = 900 },
            byUuid.GetState());
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public void A_domain_is_opened_by_a_name_that_one_has(FakeRelease release)
    {
        using var xen = new FakeXen(release);
        xen.Domain.Name.Set("web");
        xen.Domain.Twin.Set("Domain-0");
        using (XenDomain domain = XenDomain.OpenByName("web", xen.Libraries))
        {
            Assert.Equal(FakeXen.DomainId, domain.Id);
        }

        Assert.Contains("no domain with name we,", Assert.Throws<StorageException>(() => XenDomain.OpenByName("we", xen.Libraries)).Message, StringComparison.Ordinal);
        xen.Domain.Twin.Set("web");
        Assert.Contains("2 domains have the name web: 0, 7", Assert.Throws<StorageException>(() => XenDomain.OpenByName("web", xen.Libraries)).Message, StringComparison.Ordinal);
        xen.Domain.Twin.Set("Domain-0");
        xen.Domain.Flags |= FakeXen.DyingFlag;
        Assert.Throws<StorageException>(() => XenDomain.OpenByName("web", xen.Libraries));
        Assert.Equal((0u, 0u), (xen.Domain.Stores, xen.Domain.Interfaces));
    }

    [Fact]
    public void A_life_of_a_domain_is_told_from_the_next()
    {
        using var xen = new FakeXen();
        xen.Domain.StartTime.Set("1790000000.05");
        using XenDomain domain = xen.Open();
        Guid first = domain.GetBootInstance();
        byte[] bytes = first.ToByteArray(bigEndian: true);
        string hostBoot = File.ReadAllText("/proc/sys/kernel/random/boot_id");
        Assert.Equal([0, 0, 0, 7], bytes[..4]);
        Assert.Equal(hostBoot[..8], Convert.ToHexStringLower(bytes[4..8]));
        Assert.Equal(179000000005UL, System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(8)));
        Assert.Equal(first, domain.GetBootInstance());

        // Its number alone is given again.
        xen.Domain.StartTime.Set("1790000001.00");
        Assert.NotEqual(first, domain.GetBootInstance());
        foreach (string odd in (string[])["", "soon", "-1", "99999999999999999999999999"])
        {
            xen.Domain.StartTime.Set(odd);
            Assert.Equal(new byte[8], domain.GetBootInstance().ToByteArray(bigEndian: true)[8..]);
        }

        Assert.Equal(0u, xen.Domain.Stores);
    }

    [Fact]
    public void All_domains_are_listed()
    {
        using var xen = new FakeXen();
        xen.Domain.Flags = 4;
        xen.Domain.Pauses = 1;

        Assert.Equal(
            [
                new XenDomainState(default) { AllocatedPages = 131072 },
                new XenDomainState(default) { Id = FakeXen.DomainId, Uuid = FakeXen.Uuid, IsPaused = true, IsShutDown = true, AllocatedPages = 1000 },
            ],
            XenDomain.List(xen.Libraries));
        Assert.Equal(0u, xen.Domain.Interfaces);
    }

    [Fact]
    public void What_is_not_there_or_dying_is_not_opened()
    {
        using var xen = new FakeXen();
        StorageException lower = Assert.Throws<StorageException>(() => XenDomain.Open(FakeXen.DomainId - 1, xen.Libraries));
        StorageException higher = Assert.Throws<StorageException>(() => XenDomain.Open(FakeXen.DomainId + 1, xen.Libraries));
        StorageException unknown = Assert.Throws<StorageException>(() => XenDomain.OpenByUuid(Guid.NewGuid(), xen.Libraries));
        xen.Domain.Flags |= FakeXen.DyingFlag;
        StorageException dying = Assert.Throws<StorageException>(() => xen.Open());
        Assert.Throws<StorageException>(() => XenDomain.OpenByUuid(FakeXen.Uuid, xen.Libraries));

        Assert.All([lower, higher, unknown, dying], e => Assert.Equal(NativeErrors.Esrch, e.Errno));
        Assert.Contains("number 6", lower.Message, StringComparison.Ordinal);
        Assert.Equal(0u, xen.Domain.Interfaces);
    }

    [Fact]
    public void A_state_of_a_domain_that_is_gone_or_another_is_not_told()
    {
        using var xen = new FakeXen();
        using XenDomain domain = xen.Open();
        xen.ReplaceByAnother();
        Assert.Throws<StorageException>(domain.GetState);
        xen.Domain.Exists = 0;
        Assert.Throws<StorageException>(domain.GetState);
        domain.Dispose();
        domain.Dispose();
        Assert.Throws<ObjectDisposedException>(domain.GetState);
        Assert.Throws<ObjectDisposedException>(() => new XenDirtyLog(domain));
        Assert.Throws<ObjectDisposedException>(() => new XenGuestMemory(domain));
        Assert.Throws<ObjectDisposedException>(() => new XenPause(domain));
    }

    [Fact]
    public void Without_libraries_the_names_and_the_variable_are_told()
    {
        string empty = Directory.CreateTempSubdirectory("no-xen").FullName;

        UnsupportedException e = Assert.Throws<UnsupportedException>(() => XenDomain.Open(1, empty));

        Assert.True(e.IsMissingOnHost);
        Assert.Contains("libxenctrl.so.4.20", e.Message, StringComparison.Ordinal);
        Assert.Contains("libxenctrl.so.4.14", e.Message, StringComparison.Ordinal);
        Assert.Contains(XenDomain.LibrariesVariable, e.Message, StringComparison.Ordinal);
        Directory.Delete(empty);
    }

    [Fact]
    public void A_single_file_can_be_named()
    {
        using var xen = new FakeXen();
        using (XenDomain domain = XenDomain.Open(FakeXen.DomainId, xen.Control))
        {
            Assert.Equal(1000, domain.PageCount);
        }

        string missing = Path.Combine(xen.Libraries, "libxenctrl.so.4.2");
        UnsupportedException e = Assert.Throws<UnsupportedException>(() => XenDomain.Open(1, missing));
        Assert.Contains($"(tried {missing})", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_that_lacks_a_function_is_passed_by_and_told()
    {
        using var xen = new FakeXen();
        string lacking = xen.Install("fake_xenforeignmemory.so", xen.Libraries, "libxenctrl.so.4.20");
        using (XenDomain domain = xen.Open())
        {
            Assert.Equal(1000, domain.PageCount);
        }

        UnsupportedException e = Assert.Throws<UnsupportedException>(() => XenDomain.Open(FakeXen.DomainId, lacking));
        Assert.Contains("libxenctrl.so.4.20 (without xc_interface_open)", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_of_another_release_is_passed_by()
    {
        using var xen = new FakeXen(FakeRelease.UpTo415);
        using var other = new FakeXen();
        other.Fail(FakeCall.Info, NativeErrors.Eacces);
        other.Install("fake_xenctrl_4_16.so", xen.Libraries, "libxenctrl.so.4.18");

        using XenDomain domain = xen.Open();

        Assert.Equal((3u, 0u), (xen.Domain.Interfaces, other.Domain.Interfaces));
    }

    [Fact]
    public void Libraries_of_other_releases_only_are_told()
    {
        using var xen = new FakeXen();
        xen.Fail(FakeCall.Info, NativeErrors.Eacces);

        UnsupportedException e = Assert.Throws<UnsupportedException>(() => xen.Open());

        Assert.Contains("another release", e.Message, StringComparison.Ordinal);
        Assert.Equal(0u, xen.Domain.Interfaces);
    }

    [Theory]
    [InlineData(FakeCall.Open, NativeErrors.Eacces, "as root")]
    [InlineData(FakeCall.ForeignOpen, NativeErrors.Eperm, "as root")]
    [InlineData(FakeCall.Open, NativeErrors.Enoent, "xen-privcmd")]
    [InlineData(FakeCall.Info, NativeErrors.Eperm, "dom0")]
    public void Missing_rights_and_a_missing_hypervisor_are_told(FakeCall call, int errno, string advice)
    {
        using var xen = new FakeXen();
        xen.Fail(call, errno);

        UnsupportedException e = Assert.Throws<UnsupportedException>(() => xen.Open());

        Assert.Equal(errno, e.Errno);
        Assert.Contains(advice, e.Message, StringComparison.Ordinal);
        Assert.Equal(0u, xen.Domain.Interfaces);
    }

    [Fact]
    public void A_domain_without_pages_is_not_built_yet()
    {
        using var xen = new FakeXen();
        xen.Domain.Pages = 0;
        Assert.Contains("until it is built", Assert.Throws<StorageException>(() => xen.Open()).Message, StringComparison.Ordinal);
    }
}
