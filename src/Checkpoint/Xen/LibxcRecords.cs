namespace PageStore.Checkpoint;

/// <summary>The records of a libxc stream (Xen's tools/libs/guest/xg_sr_stream_format.h, <c>REC_TYPE_*</c>).</summary>
internal enum LibxcRecordType : uint
{
    End = 0x0,
    PageData = 0x1,
    PvInfo = 0x2,
    PvP2mFrames = 0x3,
    PvVcpuBasic = 0x4,
    PvVcpuExtended = 0x5,
    PvVcpuXsave = 0x6,
    SharedInfo = 0x7,
    TscInfo = 0x8,
    HvmContext = 0x9,
    HvmParams = 0xA,
    Toolstack = 0xB,
    PvVcpuMsrs = 0xC,
    Verify = 0xD,
    Checkpoint = 0xE,
    CheckpointDirtyPfnList = 0xF,
    StaticDataEnd = 0x10,
    CpuidPolicy = 0x11,
    MsrPolicy = 0x12,
}

/// <summary>Names of the records of a libxc stream, and the rules that a record keeps by itself.</summary>
internal static class LibxcRecords
{
    /// <summary>Bit 31 of a type: a reader that does not know the record may ignore it.</summary>
    public const uint OptionalBit = 0x80000000;

    /// <summary>The longest body that Xen's own restorer reads: 128 MiB (xg_sr_stream_format.h, <c>REC_LENGTH_MAX</c>).</summary>
    public const uint MaxLength = 128 << 20;

    public const string NewerXen = "It comes from a newer Xen: import it with a newer PageStore.";

    public const string SavePlainly = "Save the guest with a plain xl save, or let Remus replicate it.";

    /// <summary>A record that has no body.</summary>
    public static byte[] WithoutBody(LibxcRecordType type)
    {
        byte[] record = new byte[RecordHeader.Size];
        new RecordHeader((uint)type, 0).Write(record);
        return record;
    }

    /// <summary>Whether records, which were checked before, hold the state of a guest's processors: without it nothing can run it again.</summary>
    public static bool HoldState(ReadOnlySpan<byte> records, XenGuestType guest)
    {
        while (records.Length >= RecordHeader.Size)
        {
            var record = RecordHeader.Parse(records);
            if ((LibxcRecordType)record.Type == (guest == XenGuestType.Pv ? LibxcRecordType.PvVcpuBasic : LibxcRecordType.HvmContext))
            {
                return true;
            }

            records = records[(int)Math.Min(records.Length, RecordHeader.Size + record.PaddedLength)..];
        }

        return false;
    }

    public static string Name(uint type) => (LibxcRecordType)type switch
    {
        LibxcRecordType.End => "END",
        LibxcRecordType.PageData => "PAGE_DATA",
        LibxcRecordType.PvInfo => "X86_PV_INFO",
        LibxcRecordType.PvP2mFrames => "X86_PV_P2M_FRAMES",
        LibxcRecordType.PvVcpuBasic => "X86_PV_VCPU_BASIC",
        LibxcRecordType.PvVcpuExtended => "X86_PV_VCPU_EXTENDED",
        LibxcRecordType.PvVcpuXsave => "X86_PV_VCPU_XSAVE",
        LibxcRecordType.SharedInfo => "SHARED_INFO",
        LibxcRecordType.TscInfo => "X86_TSC_INFO",
        LibxcRecordType.HvmContext => "HVM_CONTEXT",
        LibxcRecordType.HvmParams => "HVM_PARAMS",
        LibxcRecordType.Toolstack => "TOOLSTACK",
        LibxcRecordType.PvVcpuMsrs => "X86_PV_VCPU_MSRS",
        LibxcRecordType.Verify => "VERIFY",
        LibxcRecordType.Checkpoint => "CHECKPOINT",
        LibxcRecordType.CheckpointDirtyPfnList => "CHECKPOINT_DIRTY_PFN_LIST",
        LibxcRecordType.StaticDataEnd => "STATIC_DATA_END",
        LibxcRecordType.CpuidPolicy => "X86_CPUID_POLICY",
        LibxcRecordType.MsrPolicy => "X86_MSR_POLICY",
        _ => $"unknown type 0x{type:x}",
    };

    /// <summary>Throws unless a record of this type and length may stand in the stream of such a guest.</summary>
    public static void Check(uint type, uint length, XenGuestType guest, StreamPlace place)
    {
        if (length > MaxLength)
        {
            throw place.Corrupt($"its body claims {length} bytes, and Xen writes and reads at most {MaxLength}", place.Offset + 4);
        }

        CheckKnown((LibxcRecordType)type, place);
        CheckGuest((LibxcRecordType)type, guest, place);
        if (!HasValidLength((LibxcRecordType)type, length))
        {
            throw place.Corrupt($"its body has {length} bytes, which a record of this type never has", place.Offset + 4);
        }
    }

    private static void CheckKnown(LibxcRecordType type, StreamPlace place)
    {
        switch (type)
        {
            case LibxcRecordType.CheckpointDirtyPfnList:
                throw place.Unsupported("this is the back channel of a COLO stream", SavePlainly);
            case > LibxcRecordType.MsrPolicy when ((uint)type & OptionalBit) == 0:
                throw place.Unsupported("this mandatory record is not known", NewerXen);
        }
    }

    private static void CheckGuest(LibxcRecordType type, XenGuestType guest, StreamPlace place)
    {
        bool ofPv = type is >= LibxcRecordType.PvInfo and <= LibxcRecordType.SharedInfo or LibxcRecordType.PvVcpuMsrs;
        bool ofHvm = type is LibxcRecordType.HvmContext or LibxcRecordType.HvmParams;
        if (guest == XenGuestType.Pv ? ofHvm : ofPv)
        {
            throw place.Corrupt(guest == XenGuestType.Pv
                ? "this record belongs to an HVM or PVH guest, and the domain header says PV"
                : "this record belongs to a PV guest, and the domain header says HVM or PVH");
        }
    }

    /// <summary>Whether the body has a length that the specification allows for the type.</summary>
    private static bool HasValidLength(LibxcRecordType type, uint length) => type switch
    {
        LibxcRecordType.End or LibxcRecordType.Verify or LibxcRecordType.StaticDataEnd or LibxcRecordType.Checkpoint => length == 0,
        LibxcRecordType.PvInfo => length == 8,
        LibxcRecordType.PvP2mFrames => length >= 8 && length % 8 == 0,
        LibxcRecordType.PvVcpuBasic or LibxcRecordType.PvVcpuExtended => length >= 8,
        LibxcRecordType.PvVcpuXsave or LibxcRecordType.PvVcpuMsrs => length >= 8,
        LibxcRecordType.SharedInfo => length == 4096,
        LibxcRecordType.TscInfo => length == 24,
        LibxcRecordType.HvmContext => length > 0,
        LibxcRecordType.HvmParams => length >= 8 && length % 16 == 8,
        LibxcRecordType.CpuidPolicy => length % 24 == 0,
        LibxcRecordType.MsrPolicy => length % 16 == 0,
        _ => true,
    };
}
