using System.Buffers;
using System.Buffers.Binary;

namespace PageStore.Checkpoint;

/// <summary>
/// Makes the sections of an epoch out of the state of a domain, as Xen's own tools would have written them around its pages: a libxc stream of version 3
/// in a libxl stream and, where the configuration is known, a file of xl. An epoch that has them is exported as any of these.
/// </summary>
public static class XenStateSections
{
    private const int CpuidLeafSize = 24;
    private const int MsrEntrySize = 16;
    private const int HvmParameterSize = 16;
    private const int TscInfoSize = 24;

    /// <summary>
    /// xen/include/public/hvm/params.h, <c>HVM_PARAM_IOREQ_SERVER_PFN</c>: 0 for a domain that was built without a device model.
    /// </summary>
    private const uint IoreqServerPfn = 32;

    /// <summary>The sections, in the order of the stream.</summary>
    /// <param name="state">The state.</param>
    /// <exception cref="ArgumentException">A part of it has a length that it cannot have.</exception>
    /// <exception cref="UnsupportedException">The domain has a device model, whose state is no part of it: Xen would restore a guest without devices.</exception>
    public static IReadOnlyList<GuestStateSection> Of(XenGuestState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        CheckWhole(state.CpuidPolicy.Length, CpuidLeafSize, "CPUID policy");
        CheckWhole(state.MsrPolicy.Length, MsrEntrySize, "MSR policy");
        if (state.HvmContext.Length == 0)
        {
            throw new ArgumentException("The state has no HVM context.", nameof(state));
        }

        if (state.HvmParameters.Any(parameter => parameter is { Key: IoreqServerPfn, Value: not 0 }))
        {
            throw new UnsupportedException(
                "A restorable epoch of a guest with a device model (QEMU) is not supported: Xen does not have the device model's state. Let xl remus replicate it into pagestore receive, or import what xl save -c writes; paused epochs of it can be taken.");
        }

        List<GuestStateSection> sections = [];
        if (state.Configuration is { } configuration)
        {
            // With the NUL that ends it in the stream.
            byte[] text = [.. configuration.Span.TrimEnd((byte)0), 0];
            sections.Add(new(XenSections.XlHeader, XlHeader.Make(text.Length)));
            sections.Add(new(XenSections.XlConfig, text));
        }

        sections.Add(new(XenSections.LibxlHeader, LibxlLayer.MakeHeader()));
        sections.Add(new(XenSections.LibxlHead, Records(writer => Add(writer, (uint)LibxlRecordType.LibxcContext, []))));
        sections.Add(new(XenSections.LibxcHeader, LibxcHeaders.MakeHvm(state.XenMajor, state.XenMinor)));
        sections.Add(new(XenSections.LibxcStatic, Records(writer => AddStatic(writer, state))));
        sections.Add(new(XenSections.LibxcState, Records(writer => AddState(writer, state))));
        sections.Add(new(XenSections.LibxlTail, RecordHeader.End));
        return sections;
    }

    private static void CheckWhole(int length, int entry, string what)
    {
        if (length % entry != 0)
        {
            throw new ArgumentException($"The {what} has {length} bytes, and entries of {entry}.", nameof(length));
        }
    }

    private static byte[] Records(Action<ArrayBufferWriter<byte>> add)
    {
        var writer = new ArrayBufferWriter<byte>();
        add(writer);
        return writer.WrittenSpan.ToArray();
    }

    private static void AddStatic(ArrayBufferWriter<byte> writer, XenGuestState state)
    {
        // Xen's restorer takes no empty policy.
        if (state.CpuidPolicy.Length > 0)
        {
            Add(writer, (uint)LibxcRecordType.CpuidPolicy, state.CpuidPolicy.Span);
        }

        if (state.MsrPolicy.Length > 0)
        {
            Add(writer, (uint)LibxcRecordType.MsrPolicy, state.MsrPolicy.Span);
        }

        Add(writer, (uint)LibxcRecordType.StaticDataEnd, []);
    }

    private static void AddState(ArrayBufferWriter<byte> writer, XenGuestState state)
    {
        Add(writer, (uint)LibxcRecordType.TscInfo, TscInfo(state));
        Add(writer, (uint)LibxcRecordType.HvmContext, state.HvmContext.Span);
        // Of no parameters Xen writes no record.
        if (state.HvmParameters.Any(parameter => parameter.Value != 0))
        {
            Add(writer, (uint)LibxcRecordType.HvmParams, HvmParams(state.HvmParameters));
        }

        Add(writer, (uint)LibxcRecordType.End, []);
    }

    /// <summary>struct xc_sr_rec_x86_tsc_info.</summary>
    private static byte[] TscInfo(XenGuestState state)
    {
        byte[] body = new byte[TscInfoSize];
        BinaryPrimitives.WriteUInt32LittleEndian(body, state.TscMode);
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(4), state.TscKhz);
        BinaryPrimitives.WriteUInt64LittleEndian(body.AsSpan(8), state.TscNanoseconds);
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(16), state.TscIncarnation);
        return body;
    }

    /// <summary>struct xc_sr_rec_hvm_params: how many, and number and value of each that is not 0.</summary>
    private static byte[] HvmParams(IReadOnlyList<KeyValuePair<uint, ulong>> parameters)
    {
        KeyValuePair<uint, ulong>[] kept = [.. parameters.Where(parameter => parameter.Value != 0)];
        byte[] body = new byte[8 + (kept.Length * HvmParameterSize)];
        BinaryPrimitives.WriteInt32LittleEndian(body, kept.Length);
        for (int i = 0; i < kept.Length; i++)
        {
            Span<byte> entry = body.AsSpan(8 + (i * HvmParameterSize));
            BinaryPrimitives.WriteUInt64LittleEndian(entry, kept[i].Key);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], kept[i].Value);
        }

        return body;
    }

    private static void Add(ArrayBufferWriter<byte> writer, uint type, ReadOnlySpan<byte> body)
    {
        var header = new RecordHeader(type, (uint)body.Length);
        Span<byte> record = writer.GetSpan(RecordHeader.Size + (int)header.PaddedLength)[..(RecordHeader.Size + (int)header.PaddedLength)];
        record.Clear();
        header.Write(record);
        body.CopyTo(record[RecordHeader.Size..]);
        writer.Advance(record.Length);
    }
}
