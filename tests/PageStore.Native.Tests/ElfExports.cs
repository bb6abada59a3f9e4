using System.Buffers.Binary;
using System.Text;

namespace PageStore.Native.Tests;

/// <summary>The names a 64-bit little-endian ELF library defines for others (System V ABI, "Symbol Table").</summary>
internal static class ElfExports
{
    private const int DynamicSymbolTable = 11; // SHT_DYNSYM
    private const int SymbolBytes = 24; // sizeof(Elf64_Sym)
    private const int SectionBytes = 64; // sizeof(Elf64_Shdr)

    internal static IEnumerable<string> Of(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        Assert.Equal([0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1], file[..6]);
        int sections = (int)U64(file, 0x28);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(0x3c));
        int table = Enumerable.Range(0, count).Select(i => sections + (i * SectionBytes)).Single(s => U32(file, s + 4) == DynamicSymbolTable);
        int strings = (int)U64(file, sections + ((int)U32(file, table + 0x28) * SectionBytes) + 0x18);
        int first = (int)U64(file, table + 0x18);
        int symbols = (int)U64(file, table + 0x20) / SymbolBytes;
        return Enumerable.Range(0, symbols)
            .Select(i => first + (i * SymbolBytes))
            .Where(symbol => BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(symbol + 6)) != 0) // st_shndx: defined here
            .Select(symbol => Name(file, strings + (int)U32(file, symbol)));
    }

    private static string Name(byte[] file, int offset) => Encoding.ASCII.GetString(file.AsSpan(offset, file.AsSpan(offset).IndexOf((byte)0)));

    private static uint U32(byte[] file, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(offset));

    private static ulong U64(byte[] file, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(offset));
}
