using System.Buffers.Binary;
using System.IO.Hashing;

namespace PageStore.FormatReader;

/// <summary>Numbers, zeros and sums in a structure of the file.</summary>
internal static class Bytes
{
    public static ushort U16(ReadOnlySpan<byte> source, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(source[offset..]);

    public static uint U32(ReadOnlySpan<byte> source, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(source[offset..]);

    public static ulong U64(ReadOnlySpan<byte> source, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(source[offset..]);

    public static long I64(ReadOnlySpan<byte> source, int offset) => BinaryPrimitives.ReadInt64LittleEndian(source[offset..]);

    /// <summary>The 16 bytes in the order in which the text of a UUID has them.</summary>
    public static Guid Uuid(ReadOnlySpan<byte> source, int offset) => new(source.Slice(offset, 16), bigEndian: true);

    public static bool AllZero(ReadOnlySpan<byte> source) => !source.ContainsAnyExcept((byte)0);

    public static ulong Sum(ReadOnlySpan<byte> source) => XxHash3.HashToUInt64(source);

    /// <summary>A number that must fit a signed one.</summary>
    public static long Count(ReadOnlySpan<byte> source, int offset, string what)
    {
        long value = I64(source, offset);
        BrokenFormatException.Unless(value >= 0, $"{what} is {(ulong)value}");
        return value;
    }
}
