namespace PageStore.Fuzz;

/// <summary>Small streams in Xen's formats, made by hand after their specifications; no guest ever ran in them.</summary>
internal static class XenSeeds
{
    private const byte Pv = 1;
    private const byte Hvm = 2;

    public static IEnumerable<(string Name, byte[] Input)> All()
    {
        yield return ("seed-libxc-hvm", Join(HvmStream()));
        yield return ("seed-libxc-pv", Join(PvStream()));
        yield return ("seed-libxl", Join([.. LibxlHead(), .. HvmStream(), .. LibxlTail()]));
        yield return ("seed-xl", Join([XenParts.Xl("{}\0"u8, "more"u8), .. LibxlHead(), .. HvmStream(), .. LibxlTail()]));
        yield return ("seed-version-2", Join([XenParts.Libxc(2, Hvm), XenParts.Pages((0, 1)), XenParts.Record(0, [])]));
        yield return ("seed-verify", Join([XenParts.Libxc(2, Hvm), XenParts.Pages((0, 1)), XenParts.Record(0xD, []), XenParts.Pages((0, 1)), XenParts.Record(0, [])]));
        yield return ("seed-checkpoints", Join([XenParts.Xl("{\"c_info\":{\"uuid\":\"00112233-4455-6677-8899-aabbccddeeff\"}}\0"u8, []), .. LibxlHead(), .. Checkpoints(), .. LibxlTail()]));
        yield return ("seed-checkpoints-libxc", Join([XenParts.Libxc(3, Hvm), XenParts.Record(0x10, []), XenParts.Pages((0, 1)), .. State(), XenParts.Record(0xE, []), XenParts.Pages((0, 2))]));
        yield return ("seed-xapi", Join([[.. "XenSavedDomv2-\n"u8], XapiRecord(0xf, "(xenops)"u8), XapiRecord(0xf0, []), .. HvmStream(), XapiRecord(0xf01, [1, 2, 3]), XapiRecord(0xffff, [])]));
        yield return ("seed-dump-core", DumpCoreParts.Make(pv: false, (3, Page(1)), (1, Page(2)), (ulong.MaxValue, Page(0))));
        yield return ("seed-dump-core-pv", DumpCoreParts.Make(pv: true, (0, Page(3)), (1, Page(0))));
        yield return ("seed-raw", new byte[2 * PageSizes.Default]);
    }

    private static byte[] Page(byte content)
    {
        byte[] page = new byte[PageSizes.Default];
        page.AsSpan().Fill(content);
        return page;
    }

    private static IEnumerable<byte[]> HvmStream() =>
    [
        XenParts.Libxc(3, Hvm),
        XenParts.Record(0x11, new byte[24]),
        XenParts.Record(0x12, new byte[16]),
        XenParts.Record(0x10, []),
        XenParts.Pages((0, 5), (0xF, 6), (0xD, 7), (0xE, 8)),
        XenParts.Record(0xA, new byte[24]),
        XenParts.Record(0x9, new byte[13]),
        XenParts.Record(0xA, new byte[8]),
        XenParts.Record(0x80000077, new byte[3]),
        XenParts.Record(0, []),
    ];

    private static IEnumerable<byte[]> Checkpoints() =>
    [
        XenParts.Libxc(3, Hvm),
        XenParts.Record(0x10, []),
        XenParts.Pages((0, 5), (0xF, 6)),
        .. State(),
        XenParts.Record(0xE, []),
        XenParts.Record(2, [1, 0, 0, 0, 0, 0, 0, 0, .. "key\0value\0"u8]),
        XenParts.Record(4, []),
        XenParts.Pages((0, 6), (0xF, 5)),
        .. State(),
        XenParts.Record(0xE, []),
        XenParts.Record(4, []),
        .. State(),
        XenParts.Record(0, []),
    ];

    private static IEnumerable<byte[]> State() => [XenParts.Record(0x8, new byte[24]), XenParts.Record(0x9, new byte[13]), XenParts.Record(0xA, new byte[8])];

    private static IEnumerable<byte[]> PvStream() =>
    [
        XenParts.Libxc(3, Pv),
        XenParts.Record(0x10, []),
        XenParts.Record(0x2, [8, 4, 0, 0, 0, 0, 0, 0]),
        XenParts.Record(0x3, new byte[24]),
        XenParts.Pages((1, 5), (0xA, 6)),
        XenParts.Record(0x8, new byte[24]),
        XenParts.Record(0x4, new byte[16]),
        XenParts.Record(0x5, new byte[16]),
        XenParts.Record(0x6, new byte[16]),
        XenParts.Record(0xC, new byte[16]),
        XenParts.Record(0x7, new byte[4096]),
        XenParts.Record(0, []),
    ];

    private static IEnumerable<byte[]> LibxlHead() => [XenParts.Libxl(), XenParts.Record(1, [])];

    private static IEnumerable<byte[]> LibxlTail() =>
    [
        XenParts.Record(2, [1, 0, 0, 0, 0, 0, 0, 0, .. "key\0value\0"u8]),
        XenParts.Record(3, [1, 0, 0, 0, 0, 0, 0, 0, 9, 9]),
        XenParts.Record(0, []),
    ];

    private static byte[] XapiRecord(ulong type, ReadOnlySpan<byte> body) => [.. BitConverter.GetBytes(type), .. BitConverter.GetBytes((long)body.Length), .. body];

    private static byte[] Join(IEnumerable<byte[]> parts) => XenParts.Join([.. parts]);
}
