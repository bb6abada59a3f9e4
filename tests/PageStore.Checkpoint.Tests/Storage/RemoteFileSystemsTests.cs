using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>Network file systems are told by their type.</summary>
public sealed class RemoteFileSystemsTests
{
    [Theory]
    [InlineData("nfs", true)]
    [InlineData("cifs", true)]
    [InlineData("SMB2", true)]
    [InlineData("ext4", false)]
    [InlineData("tmpfs", false)]
    [InlineData("xfs", false)]
    public void The_type_decides(string format, bool isRemote) => Assert.Equal(isRemote, RemoteFileSystems.IsRemote(format));

    [Fact]
    public void This_host_says_what_a_path_lies_on()
    {
        string format = new DriveInfo(Path.GetTempPath()).DriveFormat;
        Assert.NotEmpty(format);
        RemoteFileSystems.ThrowIfRemote(Path.Combine(Path.GetTempPath(), "no such folder", "a.pages"));
        RemoteFileSystems.ThrowIfRemote(Path.Combine(Path.GetTempPath(), "a.pages"));
    }
}
