using System.Buffers.Binary;

namespace PageStore.Checkpoint;

/// <summary>The headers of memory dumps: of ELF (the System V ABI, elf.h) and of LiME (its format, doc/README.md there).</summary>
internal static class DumpHeaders
{
    /// <summary>Elf64_Ehdr.</summary>
    public const int ElfSize = 64;

    /// <summary>Elf64_Phdr.</summary>
    public const int SegmentSize = 56;

    /// <summary>Elf64_Shdr.</summary>
    public const int SectionSize = 64;

    /// <summary>lime_mem_range_header.</summary>
    public const int LimeSize = 32;

    /// <summary>PN_XNUM: so many program headers or more, and the number stands in section header 0.</summary>
    public const int ManySegments = 0xFFFF;

    /// <summary>ET_CORE.</summary>
    public const ushort CoreFile = 4;

    private const ushort X86_64 = 62;
    private const uint Load = 1;
    private const uint ReadWriteExecute = 7;
    private const uint LimeMagic = 0x4C694D45;

    /// <summary>The file header; behind it come the program headers, and behind them section header 0 where there are many.</summary>
    public static void WriteElf(Span<byte> header, long segments)
    {
        header.Clear();
        bool many = segments >= ManySegments;
        ((ReadOnlySpan<byte>)[0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1]).CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header[16..], CoreFile);
        BinaryPrimitives.WriteUInt16LittleEndian(header[18..], X86_64);
        BinaryPrimitives.WriteUInt32LittleEndian(header[20..], 1);
        BinaryPrimitives.WriteInt64LittleEndian(header[32..], ElfSize);
        BinaryPrimitives.WriteInt64LittleEndian(header[40..], many ? ElfSize + (segments * SegmentSize) : 0);
        BinaryPrimitives.WriteUInt16LittleEndian(header[52..], ElfSize);
        BinaryPrimitives.WriteUInt16LittleEndian(header[54..], SegmentSize);
        BinaryPrimitives.WriteUInt16LittleEndian(header[56..], (ushort)Math.Min(segments, ManySegments));
        BinaryPrimitives.WriteUInt16LittleEndian(header[58..], SectionSize);
        BinaryPrimitives.WriteUInt16LittleEndian(header[60..], (ushort)(many ? 1 : 0));
    }

    /// <summary>A PT_LOAD segment at its physical address.</summary>
    public static void WriteSegment(Span<byte> header, long fileOffset, long address, long length, int pageSize)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(header, Load);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], ReadWriteExecute);
        BinaryPrimitives.WriteInt64LittleEndian(header[8..], fileOffset);
        BinaryPrimitives.WriteInt64LittleEndian(header[16..], address);
        BinaryPrimitives.WriteInt64LittleEndian(header[24..], address);
        BinaryPrimitives.WriteInt64LittleEndian(header[32..], length);
        BinaryPrimitives.WriteInt64LittleEndian(header[40..], length);
        BinaryPrimitives.WriteInt64LittleEndian(header[48..], pageSize);
    }

    /// <summary>Section header 0, whose sh_info is the number of segments.</summary>
    public static void WriteSectionZero(Span<byte> header, long segments)
    {
        header.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(header[44..], (uint)segments);
    }

    /// <summary>The header of one range; its last address is part of it.</summary>
    public static void WriteLime(Span<byte> header, long address, long length)
    {
        header.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(header, LimeMagic);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], 1);
        BinaryPrimitives.WriteInt64LittleEndian(header[8..], address);
        BinaryPrimitives.WriteInt64LittleEndian(header[16..], address + length - 1);
    }
}
