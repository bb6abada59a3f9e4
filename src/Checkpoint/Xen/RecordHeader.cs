using System.Buffers.Binary;

namespace PageStore.Checkpoint;

/// <summary>The header of a record: type and length of its body, which is padded to a multiple of 8 bytes.</summary>
internal readonly record struct RecordHeader(uint Type, uint Length)
{
    public const int Size = 8;

    /// <summary>The END record of either layer, type and length 0: it stands in the sections of a checkpoint for the record that ends it, so that they are a stream of their own.</summary>
    public static byte[] End { get; } = new byte[Size];

    /// <summary>The length of the body and its padding.</summary>
    public long PaddedLength => ((long)Length + 7) & ~7L;

    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Type);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[4..], Length);
    }

    public static RecordHeader Parse(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt32LittleEndian(bytes), BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]));
}
