namespace PageStore.Native.Tests;

/// <summary>The probe's one line: here, for each lack, and in processes that really lack something.</summary>
public sealed class CapabilitiesTests
{
    private const ulong AllFeatures = (1UL << 12) | (1UL << 13) | (1UL << 15);

    [Fact]
    public void This_host_can_track()
    {
        LinuxTrackingCapabilities now = LinuxTrackingCapabilities.Probe();
        Assert.Null(now.Missing);
        Assert.True(now.CanTrack);
        Assert.True(now.HasPagemapScan && now.HasAsyncWriteProtect && now.HasSharedWriteProtect && now.HasUnpopulatedWriteProtect);
        Assert.True(now.HasUserfaultfd || now.HasUserfaultfdDevice);
    }

    [Theory]
    [InlineData(0, 0, 0, 0, "Linux 6.7")]
    [InlineData(AllFeatures & ~(1UL << 12), 0, 0, 0, "CONFIG_PTE_MARKER_UFFD_WP")]
    [InlineData(AllFeatures & ~(1UL << 13), 0, 0, 0, "CONFIG_PTE_MARKER_UFFD_WP")]
    [InlineData(AllFeatures & ~(1UL << 15), 0, 0, 0, "UFFD_FEATURE_WP_ASYNC")]
    [InlineData(0, NativeErrors.Enosys, 0, 0, "CONFIG_USERFAULTFD")]
    [InlineData(0, NativeErrors.Eperm, 0, 0, "/dev/userfaultfd")]
    [InlineData(0, NativeErrors.Einval, 0, 0, "UFFD_USER_MODE_ONLY")]
    [InlineData(0, 24, 0, 0, "limit of open files")]
    [InlineData(AllFeatures, 0, NativeErrors.Eacces, NativeErrors.Eacces, "PR_SET_DUMPABLE")]
    [InlineData(AllFeatures, 0, 0, NativeErrors.Enotty, "PAGEMAP_SCAN")]
    public void Each_lack_has_one_line_with_advice(ulong features, int userfaultfd, int pagemap, int scan, string advice)
    {
        var caps = new LinuxCaps
        {
            UffdFeatures = features,
            UserfaultfdErrno = userfaultfd,
            DeviceErrno = NativeErrors.Enoent,
            PagemapErrno = pagemap,
            ScanErrno = scan,
        };

        LinuxTrackingCapabilities found = LinuxTrackingCapabilities.From(caps);

        Assert.False(found.CanTrack);
        Assert.Contains(advice, found.Missing, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', found.Missing!);
    }

    [Fact]
    public void The_device_alone_suffices()
    {
        var caps = new LinuxCaps { UffdFeatures = AllFeatures, UserfaultfdErrno = NativeErrors.Eperm };
        Assert.True(LinuxTrackingCapabilities.From(caps).CanTrack);
    }

    [Fact]
    public async Task An_unprivileged_process_tracks_exactly()
    {
        IReadOnlyDictionary<string, string> child = await ChildProcess.RunAsync(ChildRoles.Unprivileged);
        bool allowedToAll = (await File.ReadAllTextAsync(
            "/proc/sys/vm/unprivileged_userfaultfd", TestContext.Current.CancellationToken)).Trim() != "0";

        Assert.NotEqual("0", child["user"]);
        Assert.Equal("0000000000000000", child["CapEff"]);
        Assert.Equal(allowedToAll.ToString(), child["kernel-faults"]);
        Assert.Equal("nothing", child["missing"]);
        Assert.Equal("True", child["tracked"]);
    }

    [Fact]
    public async Task A_process_whose_filter_forbids_userfaultfd_is_told_so()
    {
        IReadOnlyDictionary<string, string> child = await ChildProcess.RunAsync(ChildRoles.FilteredUnprivileged);

        Assert.Equal("False", child["userfaultfd"]);
        Assert.Contains("seccomp", child["missing"], StringComparison.Ordinal);
        Assert.Contains("/dev/userfaultfd", child["missing"], StringComparison.Ordinal);
        Assert.EndsWith(child["missing"], child["unsupported"], StringComparison.Ordinal);
        Assert.Equal("1", child["errno"]);
    }

    [Fact]
    public async Task A_process_with_the_device_does_not_need_the_system_call()
    {
        if (!LinuxTrackingCapabilities.Probe().HasUserfaultfdDevice)
        {
            Assert.Skip("/dev/userfaultfd is missing or not this user's: Linux 6.1 or newer as root is needed.");
        }

        IReadOnlyDictionary<string, string> child = await ChildProcess.RunAsync(ChildRoles.Filtered);

        Assert.Equal("False", child["userfaultfd"]);
        Assert.Equal("nothing", child["missing"]);
        Assert.Equal("True", child["tracked"]);
    }
}
