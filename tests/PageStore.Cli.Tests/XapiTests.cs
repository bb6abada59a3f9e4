using PageStore.Checkpoint;
using PageStore.Checkpoint.Tests;

namespace PageStore.Cli.Tests;

/// <summary>Suspend images of XAPI: what goes in comes out again.</summary>
public sealed class XapiTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(5000)]
    public void A_suspend_image_goes_in_and_comes_out_whatever_its_disk_holds_behind_it(int behind)
    {
        byte[] image = new XenStreamWriter().Xapi().XapiRecord(0xf, [.. "((vm_str)(xs_subtree))"u8]).XapiRecord(0xf0)
            .Libxc().Record(0x10).Pages((3, XenStreamWriter.Page(1)), (4, XenStreamWriter.Page(2))).Record(9, new byte[50]).Record(0)
            .XapiRecord(0xf01, new byte[1001]).XapiRecord(0xf11, [1]).XapiRecord(0xffff).ToArray();
        using var folder = new TempFolder();
        ToolRun.Ok("import", folder.Write("image", [.. image, .. Enumerable.Repeat((byte)7, behind)]), "-o", folder["f"]);
        Assert.Equal(image, ToolRun.Ok("export", folder["f"], "--format", "xapi", "-o", "-").Bytes);
        byte[] libxc = ToolRun.Ok("export", folder["f"], "--format", "libxc", "-o", "-").Bytes;
        Assert.True(image.AsSpan().IndexOf(libxc) > 0);
        ToolRun.Of("export", folder["f"], "--format", "xl", "-o", "-").Failed(3);

        using CheckpointReader reader = CheckpointReader.Open(folder["f"]);
        Assert.Equal([XenSections.XapiHead, XenSections.LibxcHeader, XenSections.LibxcStatic, XenSections.LibxcState, XenSections.XapiTail], reader.OpenNewest().Info.States.Select(state => state.Name));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_has_a_device_model_or_does_not_say_that_it_has_none_is_no_suspend_image(bool hasEmulator)
    {
        // EMULATOR_CONTEXT of a libxl stream; a bare libxc stream says nothing of emulators.
        var stream = new XenStreamWriter();
        stream = hasEmulator ? stream.Libxl().Record(1) : stream;
        stream = stream.Libxc().Record(0x10).Pages((3, XenStreamWriter.Page(1))).Record(9, new byte[50]).Record(0);
        byte[] image = (hasEmulator ? stream.Record(3, new byte[16]).Record(0) : stream).ToArray();
        using var folder = new TempFolder();
        ToolRun.Ok("import", folder.Write("image", image), "-o", folder["f"]);
        Assert.Contains("device model", ToolRun.Of("export", folder["f"], "--format", "xapi", "-o", "-").Failed(3).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_truncation_of_a_suspend_image_is_3_and_leaves_no_file()
    {
        byte[] image = new XenStreamWriter().Xapi().XapiRecord(0xf, [1, 2, 3]).XapiRecord(0xf0).Libxc().Record(0x10).Record(0).XapiRecord(0xf00, [9]).XapiRecord(0xffff).ToArray();
        using var folder = new TempFolder();
        for (int length = 8; length < image.Length; length++)
        {
            ToolRun.Of("import", folder.Write("image", image[..length]), "-o", folder["f"]).Failed(3);
            Assert.Equal(["image"], folder.Files);
        }

        ToolRun.Ok("import", folder.Write("image", image), "-o", folder["f"]);
    }
}
