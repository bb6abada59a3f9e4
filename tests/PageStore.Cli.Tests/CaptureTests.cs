namespace PageStore.Cli.Tests;

/// <summary><c>pagestore capture</c> where there is no Xen; the rig in tests/xen runs it where there is.</summary>
public sealed class CaptureTests
{
    [Theory]
    [InlineData("7")]
    [InlineData("xen:")]
    [InlineData("xen:4294967296")]
    [InlineData("kvm:7")]
    public void What_names_no_domain_is_refused(string guest)
    {
        using var folder = new TempFolder();
        Assert.Contains("is no domain", ToolRun.Of("capture", guest, "-o", folder["f"]).Failed(2).Error, StringComparison.Ordinal);
        Assert.Empty(folder.Files);
    }

    [Theory]
    [InlineData("--interval", "soon")]
    [InlineData("--epochs", "0")]
    [InlineData("--keep-last", "x")]
    [InlineData("--restorable", "0")]
    [InlineData("--restorable", "never")]
    [InlineData("--reads", "all")]
    public void What_is_no_number_is_refused(string option, string value)
    {
        using var folder = new TempFolder();
        ToolRun.Of("capture", "xen:1", "-o", folder["f"], option, value).Failed(2);
    }

    [Fact]
    public async Task A_host_without_Xen_is_told_so_and_no_file_is_made()
    {
        using var folder = new TempFolder();
        foreach (string[] words in (string[][])[["xen:1"], ["xen:guest"], ["xen:00112233-4455-6677-8899-aabbccddeeff"], ["xen:1", "--restorable", "every"], ["xen:1", "--restorable", "last"], ["xen:1", "--restorable", "60"]])
        {
            (int code, string output, string error) = await ToolProcess.RunInAsync([("PAGESTORE_XEN_LIBRARIES", folder["none"])], ["capture", "-o", folder["f"], .. words]);
            Assert.Equal((5, string.Empty), (code, output));
            Assert.Contains("libxenctrl", error, StringComparison.Ordinal);
            Assert.Empty(folder.Files);
        }
    }
}
