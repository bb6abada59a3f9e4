namespace PageStore.Checkpoint.Tests;

/// <summary>A stream that breaks one rule, and what must be said of it.</summary>
/// <param name="Rule">The rule, as the name of the test.</param>
/// <param name="Bytes">The stream.</param>
/// <param name="Place">The record or header, as the message begins.</param>
/// <param name="Offset">Where that begins.</param>
/// <param name="Says">What the message says.</param>
/// <param name="Within">How far behind <paramref name="Offset"/> the exception's own offset lies.</param>
/// <param name="Unsupported">Whether it is valid and refused by name, and not corrupt.</param>
/// <param name="Pfn">The page that the exception names.</param>
internal sealed record HostileCase(
    string Rule, byte[] Bytes, string Place, long Offset, string Says, long Within = 0, bool Unsupported = false, Pfn? Pfn = null);

/// <summary>The table of broken streams.</summary>
internal static class HostileCases
{
    private const string ImageHeader = "the libxc image header";
    private const string DomainHeader = "the libxc domain header";

    public static IEnumerable<HostileCase> Headers =>
    [
        new("raw bytes", new byte[64], "the header of the stream", 0, "neither as a file of xl save"),
        new("xl magic", [.. "Xen saved domain, xl format\r\n"u8, .. new byte[40]], "the xl header", 0, "magic"),
        new("xl byte order big", Xl(w => w.Xl(order: 0x04030201)), "the xl header", 0, "big-endian", Unsupported: true),
        new("xl byte order garbage", Xl(w => w.Xl(order: 7)), "the xl header", 0, "byte order mark is 0x00000007", 32),
        new("xl mandatory flag", Xl(w => w.Xl(flags: 7)), "the xl header", 0, "0x7 contain unknown ones", Unsupported: true),
        new("xl legacy stream", Xl(w => w.Xl(flags: 1)), "the xl header", 0, "legacy stream", Unsupported: true),
        new("xl no JSON", Xl(w => w.Xl(flags: 2)), "the xl header", 0, "legacy stream", Unsupported: true),
        new("xl no configuration", Xl(w => w.Xl(optionalLength: 3)), "the xl header", 0, "no configuration", 44),
        new("xl configuration too long", Xl(w => w.Xl(new byte[10], configLength: 11)), "the xl header", 0, "claims 11 bytes", 48),
        new("xl configuration huge", Xl(w => w.Xl(new byte[10], optionalLength: -1, configLength: 0xFFFFFFF0)),
            "the xl-config of the xl header", 52, "MaxSectionBytes", Unsupported: true),
        new("libxl magic behind xl", new XenStreamWriter().Xl([1]).Raw(new byte[16]).ToArray(), "the libxl header", 53, "magic"),
        new("libxl version", Libxl(w => w.Libxl(version: 1)), "the libxl header", 0, "version is 1", Unsupported: true),
        new("libxl big-endian", Libxl(w => w.Libxl(options: 1)), "the libxl header", 0, "big-endian", Unsupported: true),
        new("libxl option", Libxl(w => w.Libxl(options: 4)), "the libxl header", 0, "options 0x4", Unsupported: true),
        new("libxc id", Libxc(w => w.Libxc(id: "XENG")), ImageHeader, 0, "XENF"),
        new("libxc marker behind libxl", new XenStreamWriter().Libxl().Record(1).Raw(new byte[40]).ToArray(), ImageHeader, 24, "0xff"),
        new("libxc legacy version", Libxc(w => w.Libxc(version: 1)), ImageHeader, 0, "version is 1", Unsupported: true),
        new("libxc version", Libxc(w => w.Libxc(version: 4)), ImageHeader, 0, "version is 4", Unsupported: true),
        new("libxc big-endian", Libxc(w => w.Libxc(options: 1)), ImageHeader, 0, "big-endian", Unsupported: true),
        new("libxc option", Libxc(w => w.Libxc(options: 2)), ImageHeader, 0, "options 0x2", Unsupported: true),
        new("guest type Arm", Libxc(w => w.Libxc(guest: 4)), DomainHeader, 24, "guest type is 4", Unsupported: true),
        new("page shift", Libxc(w => w.Libxc(shift: 16)), DomainHeader, 24, "2^16", 4),
    ];

    public static IEnumerable<HostileCase> Records =>
    [
        new("xapi legacy", new XenStreamWriter().Xapi("XenSavedDomain\n").ToArray(), "the signature of the suspend image", 0, "version 2", Unsupported: true),
        new("xapi unknown record", new XenStreamWriter().Xapi().XapiRecord(0xf14).ToArray(), "xapi record 0 (unknown type 0xf14)", 15, "not known", Unsupported: true),
        new("xapi libxl", new XenStreamWriter().Xapi().XapiRecord(0xf1).ToArray(), "xapi record 0 (Libxl)", 15, "not read", Unsupported: true),
        new("xapi without memory", new XenStreamWriter().Xapi().XapiRecord(0xf, new byte[5]).XapiRecord(0xffff).ToArray(), "xapi record 1 (EndOfImage)", 36, "without memory"),
        new("xapi second memory", new XenStreamWriter().Xapi().XapiRecord(0xf0).Libxc().Record(0).XapiRecord(0xf0).ToArray(), "xapi record 1 (Libxc)", 79, "a second"),
        new("xapi length negative", new XenStreamWriter().Xapi().XapiRecord(0xf01, [], ulong.MaxValue).ToArray(), "xapi record 0 (QemuXen)", 15, "claims", 8),
        new("xapi length huge", new XenStreamWriter().Xapi().XapiRecord(0xf01, [], 1UL << 40).ToArray(), "xapi record 0 (QemuXen)", 15, "MaxSectionBytes", Unsupported: true),
        new("libxl mandatory unknown", Libxl(w => w.Libxl().Record(6)), "libxl record 0 (unknown type 0x6)", 16, "not known", Unsupported: true),
        new("libxl checkpoint end", Libxl(w => w.Libxl().Record(4)), "libxl record 0 (CHECKPOINT_END)", 16, "before any checkpoint"),
        new("libxl checkpoint end with a body", Libxl(w => w.Libxl().Record(4, new byte[8])), "libxl record 0 (CHECKPOINT_END)", 16, "must be empty"),
        new("libxl checkpoint end at the end", new XenStreamWriter().Libxl().Record(1).Libxc().Record(0).Record(4).ToArray(),
            "libxl record 1 (CHECKPOINT_END)", 72, "no checkpoint here"),
        new("libxl end in a checkpoint", Checkpointed(w => w.Record(9, new byte[8]).Record(0xE).Record(0)), "libxl record 1 (END)", 4216, "within a checkpoint"),
        new("libxl checkpoint state", Libxl(w => w.Libxl().Record(5)), "libxl record 0 (CHECKPOINT_STATE)", 16, "COLO", Unsupported: true),
        new("libxl without memory", Libxl(w => w.Libxl().Record(2, new byte[8]).Record(0)), "libxl record 1 (END)", 32, "without any memory"),
        new("libxl END with a body", Libxl(w => w.Libxl().Record(0, new byte[8])), "libxl record 0 (END)", 16, "8 bytes and must be empty"),
        new("libxl context with a body", Libxl(w => w.Libxl().Record(1, new byte[8])), "libxl record 0 (LIBXC_CONTEXT)", 16, "must be empty"),
        new("libxl emulator too short", Libxl(w => w.Libxl().Record(3, new byte[7])), "libxl record 0 (EMULATOR_CONTEXT)", 16, "7 bytes"),
        new("libxl record huge", Libxl(w => w.Libxl().Record(3, new byte[8], 0xFFFFFFFF)), "libxl record 0 (EMULATOR_CONTEXT)", 16,
            "MaxSectionBytes", Unsupported: true),
        new("libxl second context", new XenStreamWriter().Libxl().Record(1).Libxc().Record(0).Record(1).ToArray(),
            "libxl record 1 (LIBXC_CONTEXT)", 72, "a second"),
        new("libxc record above 128 MiB", Body(w => w.Record(9, new byte[8], (128 << 20) + 1)), "libxc record 0 (HVM_CONTEXT)", 40,
            "claims 134217729 bytes", 4),
        new("libxc records above the limit", Body(w => w.Record(9, new byte[8], 1 << 20)), "libxc record 0 (HVM_CONTEXT)", 40,
            "MaxSectionBytes", Unsupported: true),
        new("libxc optional above the limit", Body(w => w.Record(0x80000000, [], 64 << 20)), "libxc record 0 (unknown type 0x80000000)", 40,
            "MaxSectionBytes", Unsupported: true),
        new("libxc mandatory unknown", Body(w => w.Record(0x13)), "libxc record 0 (unknown type 0x13)", 40, "not known", Unsupported: true),
        new("checkpoint before pages", Body(w => w.Record(0xE)), "libxc record 0 (CHECKPOINT)", 40, "before all pages"),
        new("checkpoint that libxl does not end", Checkpointed(w => w.Record(0xE)), "libxl record 1 (header)", 4200, "the stream ends"),
        new("checkpoint with a body", Body(w => w.Record(0xE, new byte[8])), "libxc record 0 (CHECKPOINT)", 40, "8 bytes", 4),
        new("checkpoint behind VERIFY", Checkpointed(w => w.Record(0xD).Record(0xE)), "libxc record 3 (CHECKPOINT)", 4200, "not both"),
        new("VERIFY behind a checkpoint", Checkpointed(w => w.Record(9, new byte[8]).Record(0xE).Record(4).Record(0xD)), "libxc record 4 (VERIFY)", 4224, "not both"),
        new("static data behind a checkpoint", Checkpointed(w => w.Record(9, new byte[8]).Record(0xE).Record(4).Record(0x10)), "libxc record 4 (STATIC_DATA_END)", 4224, "behind pages"),
        new("dirty list", Body(w => w.Record(0xF)), "libxc record 0 (CHECKPOINT_DIRTY_PFN_LIST)", 40, "COLO", Unsupported: true),
        new("END with a body", Body(w => w.Record(0, new byte[8])), "libxc record 0 (END)", 40, "8 bytes", 4),
        new("STATIC_DATA_END with a body", Body(w => w.Record(0x10, new byte[8])), "libxc record 0 (STATIC_DATA_END)", 40, "8 bytes", 4),
        new("TSC_INFO length", Body(w => w.Record(8, new byte[16])), "libxc record 0 (X86_TSC_INFO)", 40, "16 bytes", 4),
        new("HVM_CONTEXT empty", Body(w => w.Record(9)), "libxc record 0 (HVM_CONTEXT)", 40, "0 bytes", 4),
        new("HVM_PARAMS length", Body(w => w.Record(0xA, new byte[16])), "libxc record 0 (HVM_PARAMS)", 40, "16 bytes", 4),
        new("CPUID_POLICY length", Body(w => w.Record(0x11, new byte[16])), "libxc record 0 (X86_CPUID_POLICY)", 40, "16 bytes", 4),
        new("MSR_POLICY length", Body(w => w.Record(0x12, new byte[24])), "libxc record 0 (X86_MSR_POLICY)", 40, "24 bytes", 4),
        new("VERIFY with a body", Body(w => w.Record(0xD, new byte[8])), "libxc record 0 (VERIFY)", 40, "8 bytes", 4),
        new("PV_INFO length", PvBody(w => w.Record(2, new byte[16])), "libxc record 0 (X86_PV_INFO)", 40, "16 bytes", 4),
        new("P2M_FRAMES length", PvBody(w => w.Record(3, new byte[9])), "libxc record 0 (X86_PV_P2M_FRAMES)", 40, "9 bytes", 4),
        new("SHARED_INFO length", PvBody(w => w.Record(7, new byte[8])), "libxc record 0 (SHARED_INFO)", 40, "8 bytes", 4),
        new("VCPU length", PvBody(w => w.Record(4, new byte[7])), "libxc record 0 (X86_PV_VCPU_BASIC)", 40, "7 bytes", 4),
        new("XSAVE length", PvBody(w => w.Record(6, new byte[7])), "libxc record 0 (X86_PV_VCPU_XSAVE)", 40, "7 bytes", 4),
        new("PV record of HVM", Body(w => w.Record(7, new byte[4096])), "libxc record 0 (SHARED_INFO)", 40, "belongs to a PV guest"),
        new("PV MSRs of HVM", Body(w => w.Record(0xC, new byte[8])), "libxc record 0 (X86_PV_VCPU_MSRS)", 40, "belongs to a PV guest"),
        new("HVM record of PV", PvBody(w => w.Record(9, new byte[8])), "libxc record 0 (HVM_CONTEXT)", 40, "belongs to an HVM"),
        new("VERIFY before pages", Body(w => w.Record(0xD)), "libxc record 0 (VERIFY)", 40, "nothing to verify"),
        new("pages before STATIC_DATA_END", Body(w => w.Pages((XenStreamWriter.Entry(15, 1), null))), "libxc record 0 (PAGE_DATA)", 40,
            "before the STATIC_DATA_END"),
        new("second STATIC_DATA_END", Body(w => w.Record(0x10).Record(0x10)), "libxc record 1 (STATIC_DATA_END)", 48, "the second"),
        new("late STATIC_DATA_END", Libxc(w => w.Libxc(2).Pages((XenStreamWriter.Entry(15, 1), null)).Record(0x10)),
            "libxc record 1 (STATIC_DATA_END)", 64, "behind pages"),
        new("second PV_INFO", PvBody(w => w.Record(2, new byte[8]).Record(2, new byte[8])), "libxc record 1 (X86_PV_INFO)", 56, "the second"),
        new("P2M_FRAMES before PV_INFO", PvBody(w => w.Record(3, new byte[8])), "libxc record 0 (X86_PV_P2M_FRAMES)", 40, "X86_PV_INFO"),
        new("PV pages before P2M_FRAMES", PvBody(w => w.Record(2, new byte[8]).Record(0x10).Pages((XenStreamWriter.Entry(15, 1), null))),
            "libxc record 2 (PAGE_DATA)", 64, "before its X86_PV_P2M_FRAMES"),
        new("late P2M_FRAMES", PvBody(w => w.Record(2, new byte[8]).Record(0x10).Record(3, new byte[8])
            .Pages((XenStreamWriter.Entry(15, 1), null)).Record(3, new byte[8])), "libxc record 4 (X86_PV_P2M_FRAMES)", 104, "behind pages"),
        new("data behind libxc END", Body(w => w.Record(0).Raw(0)), "the end of the stream", 48, "follows the last END"),
        new("data behind libxl END", new XenStreamWriter().Libxl().Record(1).Libxc().Record(0).Record(0).Raw(0).ToArray(),
            "the end of the stream", 80, "follows the last END"),
    ];

    public static IEnumerable<HostileCase> PageData =>
    [
        PageCase("shorter than its header", w => w.Record(1, new byte[7]), "7 bytes"),
        PageCase("count 0", w => w.PagesLying(0, 0, 0), "names no page", 8),
        PageCase("count above the body", w => w.PagesLying(2, 0, 0, (XenStreamWriter.Entry(15, 1), null)), "claims 2 pages", 8),
        PageCase("count huge", w => w.PagesLying(0xFFFFFFFF, 0, 0, (1, XenStreamWriter.Page(1))), "claims 4294967295 pages", 8),
        PageCase("reserved field", w => w.PagesLying(1, 9, 0, (XenStreamWriter.Entry(15, 1), null)), "reserved field is 0x9", 12),
        PageCase("page missing", w => w.Pages((1, null)), "make 4112"),
        PageCase("page too many", w => w.Pages((XenStreamWriter.Entry(15, 1), XenStreamWriter.Page(1))), "make 16"),
        PageCase("page of BROKEN", w => w.Pages((XenStreamWriter.Entry(13, 1), XenStreamWriter.Page(1))), "make 16"),
        PageCase("page of XALLOC", w => w.Pages((XenStreamWriter.Entry(14, 1), XenStreamWriter.Page(1))), "make 16"),
        PageCase("length off by one", w => w.PagesLying(1, 0, 1, (1, XenStreamWriter.Page(1))), "has 4113 bytes"),
        PageCase("reserved bit 52", w => w.Pages((1UL << 52, XenStreamWriter.Page(1))), "reserved bits (59 to 52)", 16, new Pfn(0)),
        PageCase("reserved bit 59", w => w.Pages((1UL << 59, XenStreamWriter.Page(1))), "reserved bits (59 to 52)", 16, new Pfn(0)),
        PageCase("type 5", w => w.Pages((XenStreamWriter.Entry(5, 2), null)), "page 0x2 the type 5", 16, new Pfn(2)),
        PageCase("type 6", w => w.Pages((XenStreamWriter.Entry(6, 2), null)), "page 0x2 the type 6", 16, new Pfn(2)),
        PageCase("type 7", w => w.Pages((XenStreamWriter.Entry(7, 2), null)), "page 0x2 the type 7", 16, new Pfn(2)),
        PageCase("type 8 of the second page", w => w.Pages((1, XenStreamWriter.Page(1)), (XenStreamWriter.Entry(8, 2), null)),
            "entry 1 gives page 0x2 the type 8", 24, new Pfn(2)),
        PageCase("PFN at the limit", w => w.Pages((1 << 20, XenStreamWriter.Page(1))), "MaxPageCount", 16, new Pfn(1 << 20)),
        PageCase("highest PFN", w => w.Pages((XenStreamWriter.Entry(15, (1UL << 52) - 1), null)), "MaxPageCount", 16,
            new Pfn((1L << 52) - 1)),
        PageCase("bad page behind VERIFY", w => w.Pages((XenStreamWriter.Entry(15, 1), null)).Record(0xD).Pages((XenStreamWriter.Entry(5, 2), null)),
            "type 5", 16, new Pfn(2), record: 3, offset: 80),
        new("PAGE_DATA: more than 1024 pages", Body(w => w.Record(0x10).Pages([.. Enumerable.Repeat((XenStreamWriter.Entry(15, 1), (byte[]?)null), 1025)])),
            "libxc record 1 (PAGE_DATA)", 48, "1025 pages", Unsupported: true),
    ];

    private static HostileCase PageCase(
        string rule, Func<XenStreamWriter, XenStreamWriter> write, string says, long within = 0, Pfn? pfn = null, int record = 1,
        long offset = 48) =>
        new("PAGE_DATA: " + rule, Body(w => write(w.Record(0x10))), $"libxc record {record} (PAGE_DATA)", offset, says, within, Pfn: pfn);

    private static byte[] Xl(Func<XenStreamWriter, XenStreamWriter> write) =>
        write(new XenStreamWriter()).Libxl().Record(1).Libxc().Record(0).Record(0).ToArray();

    private static byte[] Libxl(Func<XenStreamWriter, XenStreamWriter> write) => write(new XenStreamWriter()).Record(1).Libxc().ToArray();

    private static byte[] Libxc(Func<XenStreamWriter, XenStreamWriter> write) => write(new XenStreamWriter()).Record(0).ToArray();

    private static byte[] Body(Func<XenStreamWriter, XenStreamWriter> write) => write(new XenStreamWriter().Libxc()).ToArray();

    /// <summary>A stream of both layers, its libxc records at 64: STATIC_DATA_END, one page, and from 4192 on what is written.</summary>
    private static byte[] Checkpointed(Func<XenStreamWriter, XenStreamWriter> write) =>
        write(new XenStreamWriter().Libxl().Record(1).Libxc().Record(0x10).Pages((1, XenStreamWriter.Page(1)))).ToArray();

    private static byte[] PvBody(Func<XenStreamWriter, XenStreamWriter> write) => write(new XenStreamWriter().Libxc(guest: 1)).ToArray();
}
