using System.Buffers.Binary;

namespace PageStore.Native;

/// <summary>What the processors of an HVM context hold (xen/include/public/arch-x86/hvm/save.h): records of a type, an instance, a length, and so many bytes.</summary>
internal static class XenProcessors
{
    /// <summary><c>struct hvm_save_descriptor</c>: u16 type, u16 instance, u32 length.</summary>
    private const int DescriptorBytes = 8;

    /// <summary><c>HVM_SAVE_TYPE(CPU)</c>: a <c>struct hvm_hw_cpu</c> each.</summary>
    private const int CpuRecord = 2;

    // Places in struct hvm_hw_cpu, which begins with 512 bytes of the FPU and 18 registers.
    private const int Cr0 = 656;
    private const int Cr3 = 672;
    private const int Cr4 = 680;
    private const int Efer = 992;
    private const int CpuBytes = Efer + sizeof(ulong);

    // Intel SDM volume 3, sections 2.5 and 2.2.1: paging, physical addresses of more than 32 bits, five levels, long mode.
    private const ulong Paging = 1UL << 31;
    private const ulong LargeAddresses = 1UL << 5;
    private const ulong FiveLevels = 1UL << 12;
    private const ulong LongMode = 1UL << 10;
    private const ulong Cr3Page = 0x000f_ffff_ffff_f000;

    /// <summary>The roots of the processors that are in long mode with tables of four levels. A context that is cut off ends them.</summary>
    internal static List<Pfn> RootsOf(ReadOnlySpan<byte> context)
    {
        List<Pfn> roots = [];
        while (context.Length >= DescriptorBytes)
        {
            int type = BinaryPrimitives.ReadUInt16LittleEndian(context);
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(context[4..]);
            context = context[DescriptorBytes..];
            if (length > context.Length)
            {
                break;
            }

            if (type == CpuRecord && length >= CpuBytes)
            {
                AddRoot(context, roots);
            }

            context = context[(int)length..];
        }

        return roots;
    }

    private static void AddRoot(ReadOnlySpan<byte> cpu, List<Pfn> roots)
    {
        ulong cr4 = BinaryPrimitives.ReadUInt64LittleEndian(cpu[Cr4..]);
        bool isLong = (BinaryPrimitives.ReadUInt64LittleEndian(cpu[Cr0..]) & Paging) != 0
            && (cr4 & (LargeAddresses | FiveLevels)) == LargeAddresses
            && (BinaryPrimitives.ReadUInt64LittleEndian(cpu[Efer..]) & LongMode) != 0;
        if (isLong)
        {
            roots.Add(new Pfn((long)((BinaryPrimitives.ReadUInt64LittleEndian(cpu[Cr3..]) & Cr3Page) >> 12)));
        }
    }
}
