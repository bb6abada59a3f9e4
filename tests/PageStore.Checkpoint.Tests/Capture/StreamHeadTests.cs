using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>What a stream of checkpoints says before its pages is what its reader takes, or is refused before anything is written.</summary>
public sealed class StreamHeadTests
{
    public static TheoryData<string, string> MissingSections => new()
    {
        { XenSections.XlHeader, "\"xl-header\" is missing, and \"xl-config\" is there" },
        { XenSections.XlConfig, "\"xl-config\" is missing, and \"xl-header\" is there" },
        { XenSections.LibxlHeader, "\"libxl-header\" is missing, and \"xl-header\" is there" },
        { XenSections.LibxlHead, "\"libxl-head\" is missing, and \"libxl-header\" is there" },
        { XenSections.LibxcHeader, "\"libxc-header\" is missing, and \"libxl-header\" is there" },
        { XenSections.LibxcStatic, "\"libxc-static\" is missing, and \"libxc-header\" is there" },
    };

    [Theory]
    [MemberData(nameof(MissingSections))]
    public void A_state_without_a_section_that_others_need_is_refused_by_its_name(string missing, string message)
    {
        GuestStateSection[] state = [.. XenStateSections.Of(CaptureStreamTests.StateOf(tsc: 1)).Where(section => section.Name != missing)];
        ArgumentException refused = Assert.Throws<ArgumentException>(() => new CaptureStream(new MemoryStream(), state));
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whatever_sections_are_not_refused_make_a_stream_that_is_read()
    {
        // In an order that is not the stream's, with what stands behind the pages, and with a version of libxc that needs no record before them.
        GuestStateSection[] all = [.. XenStateSections.Of(CaptureStreamTests.StateOf(tsc: 1)).Reverse()];
        GuestStateSection older = new(XenSections.LibxcHeader, new XenStreamWriter().Libxc(version: 2).ToArray());
        int taken = 0;
        for (int mask = 0; mask < 1 << all.Length; mask++)
        {
            foreach (bool isOlder in (bool[])[false, true])
            {
                GuestStateSection[] some = [.. all.Where((_, i) => (mask >> i & 1) != 0).Select(section => isOlder && section.Name == older.Name ? older : section)];
                if (TryMakeStream(some) is { } bytes)
                {
                    ImportReport report = await ImportAsync(bytes);
                    Assert.Equal((1, false), (report.Epochs, report.IsCutOff));
                    taken++;
                }
            }
        }

        // Behind the pages any of 2 sections, before them: none; libxc alone (twice, once without static in version 2); libxl around it; xl around that.
        Assert.Equal(4 * (2 + 3 + 3 + 3), taken);
    }

    [Theory]
    [InlineData(XenSections.XapiHead, "00", "a suspend image has no checkpoints")]
    [InlineData(XenSections.LibxcStatic, "1000000000000000", "is there 2 times")]
    [InlineData(XenSections.XlHeader, "00", "\"xl-header\" is not what has to stand there")]
    [InlineData(XenSections.XlConfig, "7B207D00", "\"xl-config\" is not what has to stand there")]
    [InlineData(XenSections.LibxlHeader, "4C6962786C466D740000000300000000", "its version is 3")]
    [InlineData(XenSections.LibxlHead, "0000000000000000", "\"libxl-head\" is not what has to stand there")]
    [InlineData(XenSections.LibxcHeader, "FFFFFFFFFFFFFFFF58454E46000000030000000000000000020000000D0000000000000000000000", "\"libxc-header\" is not what has to stand there")]
    [InlineData(XenSections.LibxcStatic, "10000000000000000000000000000000", "the end of \"libxc-static\" is not what has to stand there")]
    [InlineData(XenSections.LibxcStatic, "10000000000000000E00000000000000", "\"libxc-static\" is not what has to stand there")]
    [InlineData(XenSections.LibxcStatic, "100000000000000001000000100000000100000000000000" + "07000000000000F0", "they hold pages")]
    public void A_section_that_does_not_hold_what_its_name_says_is_refused(string name, string content, string message)
    {
        // A second one of a name beside the first, or in its place.
        bool isSecond = message.Contains("times", StringComparison.Ordinal);
        GuestStateSection[] state = [.. XenStateSections.Of(CaptureStreamTests.StateOf(tsc: 1)).Where(section => isSecond || section.Name != name), new(name, Convert.FromHexString(content))];
        ArgumentException refused = Assert.Throws<ArgumentException>(() => new CaptureStream(new MemoryStream(), state));
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
    }

    private static async Task<ImportReport> ImportAsync(byte[] bytes)
    {
        using CheckpointWriter writer = CheckpointWriter.Create(new MemoryStorage(new MemoryFile()), new CheckpointWriterOptions());
        return await ImageImporter.ImportIntoAsync(new MemoryStream(bytes), writer, cancellationToken: TestContext.Current.CancellationToken);
    }

    /// <summary>A stream of one epoch; null where the sections are refused.</summary>
    private static byte[]? TryMakeStream(GuestStateSection[] state)
    {
        using var output = new MemoryStream();
        CaptureStream made;
        try
        {
            made = new CaptureStream(output, state);
        }
        catch (ArgumentException)
        {
            return null;
        }

        using CaptureStream stream = made;
        using var guest = new SimulatedGuest(8, 4096, 1, writesPerCopy: 0);
        using (var capture = GuestCapture.IntoStream(stream, guest, guest, guest))
        {
            capture.Capture();
        }

        stream.End();
        return output.ToArray();
    }
}
