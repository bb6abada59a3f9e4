using FsCheck.Xunit;
using Xunit;

namespace PageStore.Checkpoint.Tests;

/// <summary>The state of a domain becomes what Xen's own tools write around its pages.</summary>
public sealed class XenStateSectionsTests
{
    private static readonly XenGuestState Small = new()
    {
        XenMajor = 4,
        XenMinor = 17,
        TscMode = 1,
        TscKhz = 0x249f00,
        TscNanoseconds = 0x1122334455667788,
        TscIncarnation = 6,
        HvmContext = new byte[] { 1, 2, 3, 4, 5, 6, 7, 8, 9 },
        HvmParameters = [new(1, 0xfeff1), new(5, 0), new(17, 0xff001)],
        CpuidPolicy = Enumerable.Repeat((byte)0xc1, 24).ToArray(),
        MsrPolicy = Enumerable.Repeat((byte)0x3a, 16).ToArray(),
        Configuration = "{}"u8.ToArray(),
    };

    /// <summary>Written down from Xen's xl.h, libxl_sr_stream_format.h and xg_sr_stream_format.h.</summary>
    [Fact]
    public void Every_byte_is_where_Xen_has_it()
    {
        Assert.Equal(
            [
                ("xl-header", "58656e20736176656420646f6d61696e2c20786c20666f726d61740a2000200d" + "04030201" + "03000000" + "00000000" + "07000000" + "03000000"),
                ("xl-config", "7b7d00"),
                ("libxl-header", "4c6962786c466d74" + "00000002" + "00000000"),
                ("libxl-head", "0100000000000000"),
                ("libxc-header", "ffffffffffffffff" + "58454e46" + "00000003" + "0000" + "0000" + "00000000" + "02000000" + "0c00" + "0000" + "04000000" + "11000000"),
                ("libxc-static", "1100000018000000" + string.Concat(Enumerable.Repeat("c1", 24)) + "1200000010000000" + string.Concat(Enumerable.Repeat("3a", 16)) + "1000000000000000"),
                ("libxc-state",
                    "0800000018000000" + "01000000" + "009f2400" + "8877665544332211" + "06000000" + "00000000"
                    + "0900000009000000" + "01020304050607080900000000000000"
                    + "0a00000028000000" + "02000000" + "00000000" + "0100000000000000" + "f1ef0f0000000000" + "1100000000000000" + "01f00f0000000000"
                    + "0000000000000000"),
                ("libxl-tail", "0000000000000000"),
            ],
            XenStateSections.Of(Small).Select(section => (section.Name, Convert.ToHexStringLower(section.Content.Span))));
    }

    [Fact]
    public void What_is_empty_has_no_record_and_without_xl_there_is_no_file_of_it()
    {
        IReadOnlyList<GuestStateSection> sections = XenStateSections.Of(Small with
        {
            CpuidPolicy = default,
            MsrPolicy = default,
            HvmParameters = [new(5, 0)],
            Configuration = null,
        });

        Assert.Equal(["libxl-header", "libxl-head", "libxc-header", "libxc-static", "libxc-state", "libxl-tail"], sections.Select(section => section.Name));
        Assert.Equal("1000000000000000", Convert.ToHexStringLower(sections[3].Content.Span));
        Assert.Equal((8 + 24) + (8 + 16) + 8, sections[4].Content.Length);
    }

    [Property(MaxTest = 100)]
    public void A_stream_of_the_sections_and_pages_is_read_back_as_they_are(byte[] context, byte leaves, byte msrs, ulong[] values, byte[]? configuration)
    {
        IReadOnlyList<GuestStateSection> sections = XenStateSections.Of(Small with
        {
            HvmContext = new byte[] { 9 }.Concat(context).ToArray(),
            CpuidPolicy = new byte[leaves * 24],
            MsrPolicy = new byte[msrs * 16],
            HvmParameters = [.. values.Select((value, i) => new KeyValuePair<uint, ulong>((uint)i + 33, value))],
            Configuration = configuration is null ? null : (ReadOnlyMemory<byte>)configuration,
        });
        byte[] page = [1, 0, 0, 0, 0x10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 42, 0, 0, 0, 0, 0, 0, 0xf0];
        bool IsBehind(GuestStateSection section) => XenSections.AfterPages.Contains(section.Name);
        byte[] stream =
        [
            .. sections.Where(section => !IsBehind(section)).SelectMany(section => section.Content.ToArray()),
            .. page,
            .. sections.Where(IsBehind).SelectMany(section => section.Content.ToArray()),
        ];

        var sink = new RecordingSink();
        XenStreamSummary summary = Feed.Read(stream, sink);

        Assert.Equal((configuration is null ? ImageFormat.LibxlStream : ImageFormat.XlSave, XenGuestType.Hvm, 3), (summary.Header.Format, summary.Header.GuestType, summary.Header.LibxcVersion));
        Assert.Equal(sections.Select(section => (section.Name, Convert.ToHexString(section.Content.Span))), sink.Sections.Select(section => (section.Name, Convert.ToHexString(section.Bytes))));
        Assert.Equal(42, Assert.Single(sink.Entries).Pfn);
    }

    [Fact]
    public void A_state_that_no_restorer_takes_is_refused()
    {
        Assert.Throws<ArgumentException>(() => XenStateSections.Of(Small with { HvmContext = default }));
        Assert.Throws<ArgumentException>(() => XenStateSections.Of(Small with { CpuidPolicy = new byte[25] }));
        Assert.Throws<ArgumentException>(() => XenStateSections.Of(Small with { MsrPolicy = new byte[15] }));
    }

    [Fact]
    public void A_guest_with_a_device_model_is_refused_and_one_built_without_is_not()
    {
        const uint ioreqServerPfn = 32;
        UnsupportedException refused = Assert.Throws<UnsupportedException>(() => XenStateSections.Of(Small with { HvmParameters = [new(1, 2), new(ioreqServerPfn, 0xfeff0)] }));
        Assert.All(["device model (QEMU)", "xl remus", "pagestore receive", "xl save -c", "paused epochs"], words => Assert.Contains(words, refused.Message, StringComparison.Ordinal));
        Assert.NotEmpty(XenStateSections.Of(Small with { HvmParameters = [new(1, 2), new(ioreqServerPfn, 0)] }));
    }
}
